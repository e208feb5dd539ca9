import NIOCore
import NIOHTTP1

/// A server had something to say, and said nothing for too long.
struct SilenceError: Error {}

/// Ends a connection whose server owes bytes and sends none.
///
/// The HTTP client's own read timeout counts the time in which nobody wanted bytes too, and so breaks the connection of a
/// reader that is slow. This one counts only while the client is reading: between a request's head and the end of its answer, and
/// not while back-pressure holds the reading up.
///
/// Stands between the HTTP codecs and the client's handler; everything happens on the channel's event loop.
final class SilenceHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    /// From when on bytes are owed.
    enum Start {
        case request
        /// Only once the answer has begun; something else bounds the time until then.
        case head
    }

    private let limit: TimeAmount
    private let start: Start
    /// An answer is owed.
    private var isOwed = false
    /// Since when the client has been reading and nothing came; nil while it does not read.
    private var readingSince: NIODeadline?
    private var timer: Scheduled<Void>?

    init(limit: TimeAmount, from start: Start = .request) {
        self.limit = limit
        self.start = start
    }

    /// Puts a handler into the pipeline of an HTTP/1.1 client. Call on the channel's event loop.
    static func add(to channel: any Channel, limit: TimeAmount, from start: Start = .request) throws {
        let pipeline = channel.pipeline.syncOperations
        let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
        try pipeline.addHandler(SilenceHandler(limit: limit, from: start), position: .after(decoder))
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if start == .request, case .head = unwrapOutboundIn(data) {
            isOwed = true
            // The reading began when the connection did, or when the answer before this one ended.
            readingSince = context.eventLoop.now
            if timer == nil { schedule(context, after: limit) }
        }
        context.write(data, promise: promise)
    }

    func read(context: ChannelHandlerContext) {
        if readingSince == nil { readingSince = context.eventLoop.now }
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        readingSince = nil
        switch unwrapInboundIn(data) {
        case .head where start == .head:
            isOwed = true
            if timer == nil { schedule(context, after: limit) }
        case .head, .body: break
        case .end:
            isOwed = false
            timer?.cancel()
            timer = nil
        }
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

    /// Looks again when the limit could be reached at the earliest, so that a chunk costs no timer.
    private func schedule(_ context: ChannelHandlerContext, after delay: TimeAmount) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: delay) { self.look(context) }
    }

    private func look(_ context: ChannelHandlerContext) {
        timer = nil
        guard isOwed else { return }
        let left = readingSince.map { $0 + limit - context.eventLoop.now } ?? limit
        guard left <= .zero else { return schedule(context, after: left) }
        stop()
        context.fireErrorCaught(SilenceError())
        context.close(promise: nil)
    }
}
