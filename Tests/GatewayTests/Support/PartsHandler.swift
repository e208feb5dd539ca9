import NIOCore

/// Sends what it is given in small parts, each a moment after the one before: what makes a whole, such as a record of TLS, arrives in
/// many reads.
final class PartsHandler: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let pause = TimeAmount.milliseconds(2)

    private let size: Int
    private var parts = CircularBuffer<(bytes: ByteBuffer, promise: EventLoopPromise<Void>?)>()
    private var isSending = false

    init(_ size: Int) {
        self.size = size
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var bytes = Self.unwrapOutboundIn(data)
        while bytes.readableBytes > size, let part = bytes.readSlice(length: size) { parts.append((part, nil)) }
        parts.append((bytes, promise))
    }

    func flush(context: ChannelHandlerContext) {
        guard !isSending else { return }
        isSending = true
        sendNext(context)
    }

    private func sendNext(_ context: ChannelHandlerContext) {
        guard let (bytes, promise) = parts.popFirst() else {
            isSending = false
            return
        }
        context.writeAndFlush(Self.wrapOutboundOut(bytes), promise: promise)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) { self.sendNext(context) }
    }
}
