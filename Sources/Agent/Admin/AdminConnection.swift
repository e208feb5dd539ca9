import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import SystemPackage

/// A connection to the agent for one request that may take long.
struct AdminConnection: Sendable {
    /// Where the agent says or takes nothing for so long it is given up.
    private static let silenceLimit: Duration = .seconds(60)

    let channel: NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>
    /// Says when the agent is to be given up.
    let silence: SilenceLimit

    static func open(to socket: FilePath) async throws -> AdminConnection {
        let silence = SilenceLimit(silenceLimit)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.seconds(2))
            // An archive may come.
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 256 << 10))
            .connect(unixDomainSocketPath: socket.string) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        IdleStateHandler(readTimeout: TimeAmount(silenceLimit)), SilenceEnding(limit: silence),
                    ])
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(
                        wrappingChannelSynchronously: channel)
                }
            }
        return AdminConnection(channel: channel, silence: silence)
    }

    static func headers(accepting type: String, _ body: ArchiveSource? = nil) -> HTTPHeaders {
        var headers: HTTPHeaders = ["Host": "localhost", "Connection": "close", "Accept": type]
        if let body {
            headers.add(name: "Content-Type", value: "application/x-tar")
            if let length = body.length {
                headers.add(name: "Content-Length", value: "\(length)")
            } else {
                headers.add(name: "Transfer-Encoding", value: "chunked")
            }
        }
        return headers
    }
}

/// Since when the agent owes something. While this side has something to do itself, such as waiting for an archive's next bytes, or for
/// whoever takes what came, the agent owes nothing.
final class SilenceLimit: Sendable {
    private let limit: Duration
    private let since = Mutex<ContinuousClock.Instant?>(nil)

    init(_ limit: Duration) {
        self.limit = limit
    }

    func expectAnswer() { since.withLock { $0 = .now } }
    func expectNothing() { since.withLock { $0 = nil } }

    var isOver: Bool {
        since.withLock { since in since.map { $0.duration(to: .now) >= limit } ?? false }
    }
}

/// Ends a connection on which nothing has come for too long.
private final class SilenceEnding: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let limit: SilenceLimit

    init(limit: SilenceLimit) {
        self.limit = limit
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is IdleStateHandler.IdleStateEvent else { return context.fireUserInboundEventTriggered(event) }
        guard limit.isOver else { return }
        context.fireErrorCaught(AdminClientError(.timedOut, "the agent says nothing any more; its log may say why"))
        context.close(promise: nil)
    }
}
