import NIOCore
import TLS

/// Sees a connection's bytes before the parser does: starts the clock of a request, and drops what nobody will read.
final class ArrivalHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let connection: ConnectionHandler

    /// Until the first bytes have been seen.
    private var troubles: TLSTroubles?

    /// - Parameter troubles: told of a client that speaks TLS; nil where nobody asks, or where it is what is spoken.
    init(_ connection: ConnectionHandler, troubles: TLSTroubles? = nil) {
        self.connection = connection
        self.troubles = troubles
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = Self.unwrapInboundIn(data)
        if let troubles {
            self.troubles = nil
            // A record of a handshake, of whatever version. No method of HTTP begins so: the client will be answered 400.
            if bytes.readableBytesView.starts(with: [22, 3]) {
                troubles.note(.speaksTLS, at: context.channel.remoteAddress?.ipAddress)
            }
        }
        switch connection.arrived(bytes) {
        case .parse: context.fireChannelRead(data)
        case .discard: break
        case .close: context.close(promise: nil)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        // The pipeline behind us asks for no more once the last request is there, but a FIN must still be seen.
        if connection.isLingering { context.read() }
    }
}
