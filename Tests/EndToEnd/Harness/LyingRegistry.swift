import Integrity
import NIOCore
import NIOPosix
import OCI
import Synchronization

/// A registry that says of every manifest and every blob that it has it, at `proxy.test` (10.77.0.1, the test process's own place on the
/// LAN). What it was given it serves to anybody; of everything else it sends something else.
final class LyingRegistry: Sendable {
    private struct Document {
        var type: String
        var bytes: [UInt8]
    }

    private let documents = Mutex<[String: Document]>([:])

    private init() {}

    /// Runs one for as long as the test uses it.
    static func with(_ test: (LyingRegistry) async throws -> Void) async throws {
        let registry = LyingRegistry()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Endpoint(registry))
                }
            }
            .bind(host: "10.77.0.1", port: 80).get()
        do {
            try await test(registry)
        } catch {
            try? await listener.close()
            throw error
        }
        try await listener.close()
    }

    /// Gives it a manifest or a blob: its digest.
    @discardableResult
    func add(_ text: String, as type: String = "application/octet-stream") -> String {
        let bytes = Array(text.utf8)
        let digest = ContentHasher.digest(of: bytes).description
        documents.withLock { $0[digest] = Document(type: type, bytes: bytes) }
        return digest
    }

    /// The answer to the head of a request.
    fileprivate func answer(_ head: String) -> ByteBuffer {
        let words = head.split(separator: " ", maxSplits: 2)
        guard words.count == 3 else {
            return ByteBuffer(string: "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        }
        let path = words[1].prefix { $0 != "?" }
        let reference = String(path.split(separator: "/").last ?? "")
        let known = documents.withLock { $0[reference] }
        let document = known ?? Document(type: Repository.manifestType, bytes: Array("{}".utf8))
        var answer = ByteBuffer(
            string: "HTTP/1.1 200 OK\r\nContent-Type: \(document.type)\r\nContent-Length: \(document.bytes.count)\r\n")
        if reference.hasPrefix("sha256:") { answer.writeString("Docker-Content-Digest: \(reference)\r\n") }
        answer.writeString("\r\n")
        if words[0] != "HEAD" { answer.writeBytes(document.bytes) }
        return answer
    }

    private final class Endpoint: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let registry: LyingRegistry
        private var head = ""

        init(_ registry: LyingRegistry) {
            self.registry = registry
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            head += String(buffer: unwrapInboundIn(data))
            guard head.contains("\r\n\r\n") else { return }
            let answer = registry.answer(head)
            head = ""
            context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
        }
    }
}
