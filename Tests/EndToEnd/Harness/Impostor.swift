import NIOCore
import NIOPosix

/// A socket at which something else than containerd listens.
enum Impostor: String, Sendable, CaseIterable {
    /// Takes connections, and never says a word.
    case silent
    /// Speaks HTTP/1, and closes.
    case webServer

    /// Listens for as long as the body takes; then the place is free again.
    func listening<Result>(at path: String, _ body: () async throws -> Result) async throws -> Result {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { [self] client in
                guard self == .webServer else { return client.eventLoop.makeSucceededVoidFuture() }
                let answer = ByteBuffer(string: "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                return client.eventLoop.makeCompletedFuture {
                    try client.pipeline.syncOperations.addHandler(Greeting(answer))
                }
            }
            .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
        do {
            let result = try await body()
            try await listener.close()
            return result
        } catch {
            try? await listener.close()
            throw error
        }
    }
}

/// Says one thing to whoever connects, and hangs up.
private final class Greeting: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let words: ByteBuffer

    init(_ words: ByteBuffer) {
        self.words = words
    }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        channel.writeAndFlush(words).whenComplete { _ in channel.close(promise: nil) }
    }
}
