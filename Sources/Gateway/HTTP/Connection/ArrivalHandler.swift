import NIOCore

/// Sees a connection's bytes before the parser does: starts the clock of a request, and drops what nobody will read.
final class ArrivalHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let connection: ConnectionHandler

    init(_ connection: ConnectionHandler) {
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = Self.unwrapInboundIn(data)
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
