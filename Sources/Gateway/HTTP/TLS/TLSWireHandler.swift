import NIOCore
import TLS

/// The side of TLS that faces the wire: tells a client that speaks plain HTTP so, in plain HTTP, and closes past TLS.
///
/// TLS's own close waits for the client's word for seconds; who is to be cut off must not get them. Who is to hear why there is no TLS
/// with it, in plain HTTP or by an alert, is listened to for a moment: closing over what it still sends would take that back.
final class TLSWireHandler: ChannelInboundHandler, ChannelOutboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Speech {
        case unknown
        case tls
        /// The last word has been said; so many bytes were dropped since.
        case over(dropped: Int)
    }

    private let limits: HTTPLimits
    private let troubles: TLSTroubles?
    private var speech = Speech.unknown
    private var context: ChannelHandlerContext?

    init(limits: HTTPLimits, troubles: TLSTroubles? = nil) {
        self.limits = limits
        self.troubles = troubles
    }

    /// Closes at once, or soon where the last word has just been said.
    func close(promise: EventLoopPromise<Void>?) {
        guard let context else {
            promise?.succeed()
            return
        }
        close(context: context, mode: .all, promise: promise)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if case .over = speech {
            // Who counts connections counts this one until it is gone.
            context.channel.closeFuture.cascade(to: promise)
        } else {
            context.close(mode: mode, promise: promise)
        }
    }

    /// Nothing more is said. What has been goes out, and the client may read it.
    func linger() {
        guard let context else { return }
        if case .over = speech { return }
        speech = .over(dropped: 0)
        context.close(mode: .output, promise: nil)
        context.read()
        context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limits.lingerTime)) {
            self.context?.close(promise: nil)
        }
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
            troubles?.note(.speaksPlain, at: context.channel.remoteAddress?.ipAddress)
            answer(context)
        case .over(let dropped):
            let sum = dropped + Self.unwrapInboundIn(data).readableBytes
            speech = .over(dropped: sum)
            if sum > limits.lingerSize { context.close(promise: nil) }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        guard case .over = speech else { return context.fireChannelReadComplete() }
        context.read()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .over = speech, case ChannelEvent.inputClosed = event { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    private func answer(_ context: ChannelHandlerContext) {
        let text = "This address speaks TLS: ask https://, not http://.\n"
        let answer = """
            HTTP/1.1 400 Bad Request\r
            Content-Type: text/plain\r
            Content-Length: \(text.utf8.count)\r
            Connection: close\r
            \(TLSHint.header): \(TLSHint.value)\r
            \r
            \(text)
            """
        context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
        linger()
    }
}
