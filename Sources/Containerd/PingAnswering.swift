internal import NIOCore

/// Answers containerd's HTTP/2 pings, and keeps them from the handlers behind it.
///
/// A gRPC server in Go measures the line by a ping with each burst of data that it gets: some hundred in a second while a layer is written. NIO's
/// HTTP/2 takes more than 200 in 30 s for an attack and closes the connection, and gRPC Swift has no setting for that. Whoever
/// listens at containerd's socket is trusted to send pings.
final class PingAnswering: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var filter = PingFilter()

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let (others, answers) = filter.take(unwrapInboundIn(data))
        // Whole frames leave the handlers behind within one call, so this stands between two of them.
        if answers.readableBytes > 0 { context.writeAndFlush(wrapOutboundOut(answers), promise: nil) }
        if others.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(others)) }
    }
}

/// Takes pings out of a stream of HTTP/2 frames (RFC 9113, sections 4.1 and 6.7). A value.
struct PingFilter {
    private static let headSize = 9
    private static let pingSize = 17
    private static let pingType: UInt8 = 6
    private static let answerFlag: UInt8 = 1

    /// What has come of a frame whose kind is not known yet, or of a ping.
    private var pending = ByteBuffer()
    /// How many bytes of a frame that passes are still to come.
    private var passing = 0

    /// - Returns: what is to be passed on, and the answers to the pings.
    mutating func take(_ bytes: ByteBuffer) -> (others: ByteBuffer, answers: ByteBuffer) {
        // The inside of a large frame, which most of what is read is: passed on as it came.
        if passing >= bytes.readableBytes {
            passing -= bytes.readableBytes
            return (bytes, ByteBuffer())
        }
        pending.writeImmutableBuffer(bytes)
        var others = ByteBuffer()
        var answers = ByteBuffer()
        while pending.readableBytes > 0 {
            if passing > 0 {
                let count = min(passing, pending.readableBytes)
                if var part = pending.readSlice(length: count) { others.writeBuffer(&part) }
                passing -= count
                continue
            }
            guard let head = pending.getBytes(at: pending.readerIndex, length: Self.headSize) else { break }
            let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
            guard head[3] == Self.pingType, head[4] & Self.answerFlag == 0, length == Self.pingSize - Self.headSize
            else {
                passing = Self.headSize + length
                continue
            }
            guard let ping = pending.readBytes(length: Self.pingSize) else { break }
            answers.writeBytes(ping[..<4])
            answers.writeInteger(Self.answerFlag)
            answers.writeBytes(ping[5...])
        }
        pending.discardReadBytes()
        return (others, answers)
    }
}
