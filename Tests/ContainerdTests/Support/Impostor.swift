import Glibc
import NIOCore
import NIOPosix
import SystemPackage

/// Somebody who listens at a socket and is no containerd.
enum Impostor {
    /// Runs `body` with the socket.
    /// - Parameter answer: what everybody is told before the connection ends; nil: nothing, ever.
    static func serve(_ answer: String?, _ body: (FilePath) async throws -> Void) async throws {
        let path = "/tmp/shoal-impostor-\(getpid())-\(UInt32.random(in: 0...(.max)))"
        defer { unlink(path) }
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let answer { try channel.pipeline.syncOperations.addHandler(Answer(text: answer)) }
                }
            }
            .bind(unixDomainSocketPath: path).get()
        do {
            try await body(FilePath(path))
        } catch {
            try await listener.close()
            throw error
        }
        try await listener.close()
    }

    private final class Answer: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let text: String

        init(text: String) {
            self.text = text
        }

        func channelActive(context: ChannelHandlerContext) {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
            context.close(promise: nil)
        }
    }
}
