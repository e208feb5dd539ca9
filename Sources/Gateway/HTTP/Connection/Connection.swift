import NIOCore
import NIOHTTP1
import NIOPosix

/// A connection that has been accepted: the channel, and what its handler tells us.
struct Connection: Sendable {
    let channel: NIOAsyncChannel<ConnectionEvent, ResponsePart>
    let link: ConnectionLink
    let id: String
    let place: ConnectionLimiter.Place
    let remoteAddress: SocketAddress?

    /// Builds the pipeline. Must run on the channel's event loop.
    init(_ channel: any Channel, id: String, place: ConnectionLimiter.Place, limits: HTTPLimits, responder: any HTTPResponder) throws {
        let remoteAddress = channel.remoteAddress
        let link = ConnectionLink()
        let isUnixSocket = channel.localAddress?.protocol == .unix
        let handler = ConnectionHandler(
            assembler: RequestAssembler(
                limits: limits, remoteAddress: remoteAddress, connectionID: id, streamsBody: responder.streamsBody),
            limits: limits,
            link: link, isUnixSocket: isUnixSocket)
        var encoding = HTTPResponseEncoder.Configuration()
        encoding.automaticallySetFramingHeaders = false
        try channel.pipeline.syncOperations.addHandlers([
            ArrivalHandler(handler), HTTPResponseEncoder(configuration: encoding),
            ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: limits.parsing)), handler,
        ])
        self.channel = try NIOAsyncChannel(wrappingChannelSynchronously: channel)
        self.link = link
        self.id = id
        self.place = place
        self.remoteAddress = remoteAddress
    }
}

extension HTTPLimits {
    var parsing: NIOHTTPDecoderLimitConfiguration {
        var configuration = NIOHTTPDecoderLimitConfiguration()
        configuration.maxHeaderFieldSize = headerSize
        configuration.maxHeaderListSize = headerSize
        configuration.maxHeaderFieldCount = headerCount
        return configuration
    }
}
