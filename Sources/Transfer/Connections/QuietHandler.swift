import NIOCore
import NIOHTTP1

/// Notices that a server that owes bytes sends none.
///
/// Only the time counts in which the client is reading: between a request's head and the end of its answer, and not while back-pressure
/// holds the reading up. A chunk costs no timer. What silence means is for ``SilenceHandler`` and ``DeadPeerHandler`` to say.
///
/// Stands between the HTTP codecs and the client's handler; everything happens on the channel's event loop.
class QuietHandler: ChannelDuplexHandler {
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
    private(set) var isOwed = false
    /// Since when the client has been reading and nothing came; nil while it does not read.
    private(set) var readingSince: NIODeadline?
    private(set) var timer: Scheduled<Void>?

    init(limit: TimeAmount, from start: Start) {
        self.limit = limit
        self.start = start
    }

    /// Puts the handler into the pipeline of an HTTP/1.1 client. Call on the channel's event loop.
    func add(to channel: any Channel) throws {
        let pipeline = channel.pipeline.syncOperations
        let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
        try pipeline.addHandler(self, position: .after(decoder))
    }

    /// Nothing has come for the limit.
    func quiet(_ context: ChannelHandlerContext) {}

    /// Bytes have come.
    func heard(_ context: ChannelHandlerContext) {}

    final func end(_ context: ChannelHandlerContext, _ error: any Error) {
        stop()
        context.fireErrorCaught(error)
        context.close(promise: nil)
    }

    /// Looks again when the limit could be reached at the earliest.
    final func schedule(_ context: ChannelHandlerContext, after delay: TimeAmount) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: delay) { self.look(context) }
    }

    private func look(_ context: ChannelHandlerContext) {
        timer = nil
        guard isOwed else { return }
        let left = readingSince.map { $0 + limit - context.eventLoop.now } ?? limit
        guard left <= .zero else { return schedule(context, after: left) }
        quiet(context)
    }

    private func owe(_ context: ChannelHandlerContext) {
        isOwed = true
        if timer == nil { schedule(context, after: limit) }
    }

    private func stop() {
        timer?.cancel()
        timer = nil
        isOwed = false
    }

    // MARK: ChannelDuplexHandler

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if start == .request, case .head = unwrapOutboundIn(data) {
            // The reading began when the connection did, or when the answer before this one ended.
            readingSince = context.eventLoop.now
            owe(context)
        }
        context.write(data, promise: promise)
    }

    func read(context: ChannelHandlerContext) {
        if readingSince == nil { readingSince = context.eventLoop.now }
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        readingSince = nil
        heard(context)
        switch unwrapInboundIn(data) {
        case .head: if start == .head { owe(context) }
        case .body: break
        case .end: stop()
        }
        context.fireChannelRead(data)
    }

    func handlerRemoved(context: ChannelHandlerContext) { stop() }

    func channelInactive(context: ChannelHandlerContext) {
        stop()
        context.fireChannelInactive()
    }
}
