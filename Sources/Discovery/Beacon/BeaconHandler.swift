import NIOCore

/// Hands datagrams on as they come. Errors of the socket end the channel, and the service opens another.
final class BeaconHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let receive: @Sendable (ByteBuffer, IPAddress, Int) -> Void

    init(receive: @escaping @Sendable (ByteBuffer, IPAddress, Int) -> Void) {
        self.receive = receive
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        guard let port = envelope.remoteAddress.port,
            let source = envelope.remoteAddress.withSockAddr({ address, _ in IPAddress(address) })
        else { return }
        receive(envelope.data, source, port)
    }
}
