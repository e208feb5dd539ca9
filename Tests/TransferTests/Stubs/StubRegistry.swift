import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import OCI
import Synchronization

/// A registry in the test's own process, on a port of loopback that the system chooses. It serves blobs and manifests honestly, but
/// where a script says otherwise, and remembers what it was asked and what it sent.
///
///     try await StubRegistry.with { registry in
///         let blob = registry.add(blob: bytes)
///         registry.script("/v2/library/app/blobs/\(blob)", [.cut(after: 1000)], [])   // breaks off once, then behaves
///         …
///     }
final class StubRegistry: Sendable {
    enum Authentication: Sendable {
        case open
        /// Basic, and who is let in with which password.
        case basic([String: String])
        /// Bearer; the realm is the stub's own `/token`, or another URL.
        case bearer(StubTokens, realm: String? = nil)
        /// 401 to everybody, with this `WWW-Authenticate`.
        case challenge(String)
    }

    private struct State {
        var content = StubContent()
        var authentication = Authentication.open
        var privateRepositories: Set<String> = []
        var scripts: [String: [[StubFault]]] = [:]
        var routes: [String: @Sendable (StubRequest) -> StubResponse] = [:]
        var requests: [StubRequest] = []
        var sent: [String: Int] = [:]
        var channels: [ObjectIdentifier: any Channel] = [:]
        var connections = 0
    }

    private let state = Mutex(State())
    private let listener = Mutex<(any Channel)?>(nil)
    private let isTLS: Bool

    /// Runs a stub as long as `body` does.
    static func with<Value>(
        _ authentication: Authentication = .open, certificate: StubCertificate? = nil,
        _ body: (StubRegistry) async throws -> Value
    ) async throws -> Value {
        let registry = StubRegistry(authentication, isTLS: certificate != nil)
        try await registry.start(certificate)
        do {
            let value = try await body(registry)
            await registry.stop()
            return value
        } catch {
            await registry.stop()
            throw error
        }
    }

    private init(_ authentication: Authentication, isTLS: Bool) {
        self.isTLS = isTLS
        state.withLock { $0.authentication = authentication }
    }

    // MARK: Where it is

    var port: Int { listener.withLock { $0?.localAddress?.port } ?? 0 }
    /// `127.0.0.1:port`
    var host: String { "127.0.0.1:\(port)" }
    var url: String { "\(isTLS ? "https" : "http")://\(host)" }

    // MARK: What it has

    /// A blob is in every repository.
    @discardableResult func add(blob: some Sequence<UInt8>) -> Digest { state.withLock { $0.content.add(blob: blob) } }

    @discardableResult func add(
        manifest: [UInt8], _ mediaType: MediaType = .ociManifest, to repository: String = "library/app",
        tag: String? = nil
    ) -> Digest {
        state.withLock { $0.content.add(manifest: manifest, mediaType, to: repository, tag: tag) }
    }

    func add(referrers index: String, of digest: Digest) {
        state.withLock { $0.content.add(referrers: index, of: digest) }
    }

    // MARK: How it behaves

    func set(_ authentication: Authentication) { state.withLock { $0.authentication = authentication } }

    /// Anonymous tokens do not open this repository.
    func makePrivate(_ repository: String) {
        state.withLock { _ = $0.privateRepositories.insert(repository) }
    }

    /// What goes wrong with requests for a path (without query), answer after answer; the last entry holds for all that follow.
    func script(_ path: String, _ answers: [StubFault]...) { state.withLock { $0.scripts[path] = answers } }

    /// Answers a path in a way of the test's own, without authentication.
    func route(_ path: String, _ answer: @escaping @Sendable (StubRequest) -> StubResponse) {
        state.withLock { $0.routes[path] = answer }
    }

    // MARK: What it saw

    var requests: [StubRequest] { state.withLock { $0.requests } }

    func requests(for path: String, _ method: HTTPMethod? = nil) -> [StubRequest] {
        requests.filter { $0.path == path && (method == nil || $0.method == method) }
    }

    /// Bytes of bodies that went out for a path.
    func bytesSent(for path: String) -> Int { state.withLock { $0.sent[path] ?? 0 } }
    var bytesSent: Int { state.withLock { $0.sent.values.reduce(0, +) } }
    /// Connections that were accepted.
    var connections: Int { state.withLock { $0.connections } }

    // MARK: For the handler

    func answer(_ request: StubRequest) -> StubResponse {
        state.withLock { state in
            state.requests.append(request)
            if let route = state.routes[request.path] { return route(request) }
            var faults: [StubFault] = []
            if let script = state.scripts[request.path], let first = script.first {
                faults = first
                if script.count > 1 { state.scripts[request.path] = Array(script.dropFirst()) }
            }
            var response: StubResponse
            if case .bearer(let tokens, nil) = state.authentication, request.path == "/token" {
                response = tokens.answer(request)
            } else {
                response =
                    refusal(request, state)
                    ?? state.content.answer(request, ignoringRange: faults.contains(where: \.ignoresRange))
                    ?? StubResponse(404)
            }
            for fault in faults { fault.apply(to: &response) }
            return response
        }
    }

    private func refusal(_ request: StubRequest, _ state: borrowing State) -> StubResponse? {
        let challenge: String
        switch state.authentication {
        case .open: return nil
        case .challenge(let text): challenge = text
        case .basic(let users):
            if let authorization = request.authorization, StubTokens.isAccepted(authorization, users) { return nil }
            challenge = #"Basic realm="stub""#
        case .bearer(let tokens, let realm):
            let repository = StubContent.repository(of: request.path) ?? ""
            let isPrivate = state.privateRepositories.contains(repository)
            if tokens.opens(request.authorization, repository, isPrivate: isPrivate) { return nil }
            let realm = realm ?? "\(url)/token"
            challenge =
                #"Bearer realm="\#(realm)",service="\#(tokens.service)",scope="repository:\#(repository):pull""#
        }
        return .text(
            401, #"{"errors":[{"code":"UNAUTHORIZED","message":"who are you"}]}"#, [("WWW-Authenticate", challenge)])
    }

    func sent(_ count: Int, for path: String) { state.withLock { $0.sent[path, default: 0] += count } }

    // MARK: Life

    private func start(_ certificate: StubCertificate?) async throws {
        let context = try certificate.map { try $0.serverContext() }
        let bootstrap = ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 512)
            .childChannelInitializer { channel in
                self.accepted(channel)
                return channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let context { try pipeline.addHandler(NIOSSLServerHandler(context: context)) }
                    try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
                    try pipeline.addHandler(StubHandler(self))
                }
            }
        let channel = try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
        listener.withLock { $0 = channel }
    }

    private func accepted(_ channel: any Channel) {
        state.withLock { state in
            state.connections += 1
            state.channels[ObjectIdentifier(channel)] = channel
        }
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { $0.channels[ObjectIdentifier(channel)] = nil }
        }
    }

    /// From now on nobody listens there any more. Idempotent.
    func stop() async {
        let channel = listener.withLock { $0 }
        try? await channel?.close().get()
        await hangUpAll()
    }

    /// Closes every connection; new ones are accepted.
    func hangUpAll() async {
        for channel in state.withLock({ Array($0.channels.values) }) { try? await channel.close().get() }
    }
}
