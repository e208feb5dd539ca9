import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCProtobuf
import Glibc
import SwiftProtobuf
import SystemPackage

@testable import Containerd

/// A gRPC server on a socket that answers as a test wants: for answers that the real containerd does not give.
///
/// A call that nothing is given for is answered as by a server that does not know it.
struct FakeContainerd: RegistrableRPCService {
    var version: WireVersionResponse? = .with { $0.version = "1.6.20" }
    var plugins: [WirePlugin] = []
    /// What a namespace lists: one message for each, as containerd's List sends them.
    var contents: [String: [WireListContentResponse]] = [:]
    var images: [String: [WireImage]] = [:]
    /// The parts of a blob, whatever is asked for.
    var parts: [WireReadContentResponse]?
    /// What a subscriber is told at once; then the stream stays open, or ends.
    var events: [WireEnvelope] = []
    var isStreamOpen = true
    /// Whether content is never told to an end.
    var isSilent = false

    /// Runs `body` with the socket that it listens at.
    func serve(_ body: (FilePath) async throws -> Void) async throws {
        let path = "/tmp/shoal-fake-\(getpid())-\(UInt32.random(in: 0...(.max)))"
        defer { unlink(path) }
        let transport = HTTP2ServerTransport.Posix(
            address: .unixDomainSocket(path: path), transportSecurity: .plaintext)
        try await withThrowingTaskGroup(of: Void.self) { group in
            let server = GRPCServer(transport: transport, services: [self])
            group.addTask { try await server.serve() }
            _ = try await transport.listeningAddress
            try await body(FilePath(path))
            group.cancelAll()
        }
    }

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        if let version {
            register(WireVersion.Method.Version.descriptor, of: WireEmpty.self, &router) { _, _ in [version] }
        }
        register(WireIntrospection.Method.Plugins.descriptor, of: WirePluginsRequest.self, &router) { _, _ in
            [WirePluginsResponse.with { $0.plugins = plugins }]
        }
        register(WireContent.Method.List.descriptor, of: WireListContentRequest.self, &router) { _, namespace in
            contents[namespace] ?? []
        }
        register(WireImages.Method.List.descriptor, of: WireListImagesRequest.self, &router) { _, namespace in
            [WireListImagesResponse.with { $0.images = images[namespace] ?? [] }]
        }
        register(WireContent.Method.Info.descriptor, of: WireInfoRequest.self, &router) { request, namespace in
            let all = (contents[namespace] ?? []).flatMap(\.info)
            guard let info = all.first(where: { $0.digest == request.digest }) else {
                throw RPCError(code: .notFound, message: "content \(request.digest): not found")
            }
            return [WireInfoResponse.with { $0.info = info }]
        }
        if let parts {
            register(WireContent.Method.Read.descriptor, of: WireReadContentRequest.self, &router) { _, _ in parts }
        }
        register(
            WireEvents.Method.Subscribe.descriptor, of: WireSubscribeRequest.self, &router, staysOpen: isStreamOpen
        ) { _, _ in events }
    }

    private func register<Transport: ServerTransport, Input: Message, Output: Message>(
        _ method: MethodDescriptor, of: Input.Type, _ router: inout RPCRouter<Transport>, staysOpen: Bool = false,
        _ answers: @escaping @Sendable (_ request: Input, _ namespace: String) async throws -> [Output]
    ) {
        let isSilent = isSilent && method.method == "List"
        router.registerHandler(
            forMethod: method, deserializer: ProtobufDeserializer<Input>(), serializer: ProtobufSerializer<Output>()
        ) { request, _ in
            let namespace = request.metadata[stringValues: "containerd-namespace"].first { _ in true } ?? ""
            return StreamingServerResponse { writer in
                for try await message in request.messages {
                    try await writer.write(contentsOf: try await answers(message, namespace))
                }
                // Until the connection ends, which cancels this.
                if staysOpen || isSilent { try await Task.sleep(for: .seconds(3600)) }
                return [:]
            }
        }
    }
}
