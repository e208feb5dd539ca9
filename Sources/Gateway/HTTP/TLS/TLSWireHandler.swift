import NIOCore

/// The side of TLS that faces the wire: tells a client that speaks plain HTTP so, in plain HTTP, and closes past TLS.
///
/// TLS's own close waits for the client's word for seconds; who is to be cut off must not get them.
final class TLSWireHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Speech {
        case unknown
        case tls
        /// Has been answered; so many bytes were dropped since.
        case plain(dropped: Int)
    }

    private let limits: HTTPLimits
    private var speech = Speech.unknown
    private var context: ChannelHandlerContext?

    init(limits: HTTPLimits) {
        self.limits = limits
    }

    /// Closes at once.
    func close(promise: EventLoopPromise<Void>?) {
        guard let context else {
            promise?.succeed()
            return
        }
        context.close(promise: promise)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch speech {
        case .tls:
            context.fireChannelRead(data)
        case .unknown:
            // A handshake begins with 22, a method of HTTP with a letter.
            let bytes = Self.unwrapInboundIn(data)
            guard let first = bytes.readableBytesView.first, (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first)
            else {
                speech = .tls
                return context.fireChannelRead(data)
            }
            speech = .plain(dropped: bytes.readableBytes)
            answer(context)
        case .plain(let dropped):
            let sum = dropped + Self.unwrapInboundIn(data).readableBytes
            speech = .plain(dropped: sum)
            if sum > limits.lingerSize { context.close(promise: nil) }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        guard case .plain = speech else { return context.fireChannelReadComplete() }
        context.read()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .plain = speech, case ChannelEvent.inputClosed = event { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    /// The client's bytes are read on for a moment: closing over them would take the answer back.
    private func answer(_ context: ChannelHandlerContext) {
        let text = "This address speaks TLS: ask https://, not http://.\n"
        let answer = """
            HTTP/1.1 400 Bad Request\r
            Content-Type: text/plain\r
            Content-Length: \(text.utf8.count)\r
            Connection: close\r
            \r
            \(text)
            """
        context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
        context.close(mode: .output, promise: nil)
        context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limits.lingerTime)) { self.close(promise: nil) }
    }
}
