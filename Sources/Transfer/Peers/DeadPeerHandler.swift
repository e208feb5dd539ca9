import NIOCore
import NIOHTTP1
import NIOPosix

#if canImport(Glibc)
    import Glibc
#endif

/// The peer of a connection owed bytes, and its machine is gone.
struct DeadPeerError: Error, CustomStringConvertible {
    var description: String { "the peer's machine does not answer any more" }
}

/// Ends a connection whose peer is dead.
///
/// A machine that loses its power or its cable says nothing about it: a connection that was open stays open, and what is owed on it
/// would be waited for as long as a living peer may take, for seconds. So after a moment of silence new connections are tried to the
/// same address; where neither of two is answered the machine is gone, 300 ms after its last word. A machine that answers is left in
/// peace for a while: its agent may have a reason to be silent.
///
/// Stands between the HTTP codecs and the client's handler; everything happens on the channel's event loop.
final class DeadPeerHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    /// Whether anybody is at the address.
    typealias Knock = @Sendable (SocketAddress, any EventLoop) -> EventLoopFuture<Bool>

    /// Peers of a LAN are rarely silent for so long while they owe something.
    static let patience: TimeAmount = .milliseconds(100)
    /// Between the two connections: one packet may be lost on a link that is full.
    static let stagger: TimeAmount = .milliseconds(50)
    static let answer: TimeAmount = .milliseconds(150)
    /// Until the next look at a peer that is there.
    static let pause: TimeAmount = .seconds(1)

    private let knock: Knock
    /// An answer is owed.
    private var isOwed = false
    /// Since when the client has been reading and nothing came; nil while it does not read.
    private var silentSince: NIODeadline?
    private var timer: Scheduled<Void>?

    init(knock: @escaping Knock = DeadPeerHandler.connect) { self.knock = knock }

    /// Puts a handler into the pipeline of an HTTP/1.1 client. Call on the channel's event loop.
    static func add(to channel: any Channel) throws {
        let pipeline = channel.pipeline.syncOperations
        let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
        try pipeline.addHandler(DeadPeerHandler(), position: .after(decoder))
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .head = unwrapOutboundIn(data) {
            isOwed = true
            silentSince = context.eventLoop.now
            if timer == nil { schedule(context, after: Self.patience) }
        }
        context.write(data, promise: promise)
    }

    func read(context: ChannelHandlerContext) {
        if silentSince == nil { silentSince = context.eventLoop.now }
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        silentSince = nil
        if case .end = unwrapInboundIn(data) { stop() }
        context.fireChannelRead(data)
    }

    func handlerRemoved(context: ChannelHandlerContext) { stop() }

    func channelInactive(context: ChannelHandlerContext) {
        stop()
        context.fireChannelInactive()
    }

    private func stop() {
        timer?.cancel()
        timer = nil
        isOwed = false
    }

    private func schedule(_ context: ChannelHandlerContext, after delay: TimeAmount) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: delay) { self.look(context) }
    }

    private func look(_ context: ChannelHandlerContext) {
        timer = nil
        guard isOwed, let address = context.channel.remoteAddress else { return }
        let left = silentSince.map { $0 + Self.patience - context.eventLoop.now } ?? Self.patience
        guard left <= .zero else { return schedule(context, after: left) }
        let since = silentSince
        let (knock, eventLoop) = (knock, context.eventLoop)
        let again = eventLoop.flatScheduleTask(in: Self.stagger) { knock(address, eventLoop) }
        knock(address, eventLoop).and(again.futureResult).assumeIsolated().whenSuccess { first, second in
            // A new request may have begun meanwhile, with a look of its own.
            guard self.isOwed, self.timer == nil else { return }
            let isDead = !first && !second && self.silentSince == since
            isDead ? self.end(context) : self.schedule(context, after: Self.pause)
        }
    }

    private func end(_ context: ChannelHandlerContext) {
        stop()
        context.fireErrorCaught(DeadPeerError())
        context.close(promise: nil)
    }

    /// Opens a connection and closes it. Only silence counts as nobody: who refuses is there.
    static let connect: Knock = { address, eventLoop in
        ClientBootstrap(group: eventLoop).connectTimeout(answer).connect(to: address).map { channel in
            channel.close(promise: nil)
            return true
        }.flatMapErrorThrowing { error in
            switch error {
            case ChannelError.connectTimeout: false
            case let error as IOError: ![EHOSTUNREACH, EHOSTDOWN, ENETUNREACH, ETIMEDOUT].contains(error.errnoCode)
            default: true
            }
        }
    }
}
