import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import TLS

/// A connection that has been accepted: the channel, and what its handler tells us.
struct Connection: Sendable {
    let channel: NIOAsyncChannel<ConnectionEvent, ResponsePart>
    let link: ConnectionLink
    let id: String
    let place: ConnectionLimiter.Place
    let remoteAddress: SocketAddress?
    /// Whether it is TLS, through which no file can be sent as it is.
    let isSecure: Bool

    /// Builds the pipeline. Must run on the channel's event loop.
    /// - Parameters:
    ///   - tls: what the connection speaks TLS with; nil: it does not.
    ///   - troubles: told where the client and this listener do not come together over TLS.
    init(
        _ channel: any Channel, id: String, place: ConnectionLimiter.Place, limits: HTTPLimits,
        responder: any HTTPResponder, tls: NIOSSLContext?, troubles: TLSTroubles? = nil, logger: Logger
    ) throws {
        let remoteAddress = channel.remoteAddress
        let link = ConnectionLink()
        let isUnixSocket = channel.localAddress?.protocol == .unix
        let handler = ConnectionHandler(
            assembler: RequestAssembler(
                limits: limits, remoteAddress: remoteAddress, connectionID: id, isSecure: tls != nil,
                streamsBody: responder.streamsBody),
            limits: limits, link: link, isUnixSocket: isUnixSocket)
        var encoding = HTTPResponseEncoder.Configuration()
        encoding.automaticallySetFramingHeaders = false
        if let tls {
            let wire = TLSWireHandler(limits: limits, troubles: troubles)
            try channel.pipeline.syncOperations.addHandlers([
                wire, NIOSSLServerHandler(context: tls),
                TLSSessionHandler(wire, limits: limits, troubles: troubles, logger: logger),
            ])
        }
        try channel.pipeline.syncOperations.addHandlers([
            ArrivalHandler(handler, troubles: tls == nil ? troubles : nil),
            HTTPResponseEncoder(configuration: encoding),
            ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: limits.parsing)), handler,
        ])
        self.channel = try NIOAsyncChannel(wrappingChannelSynchronously: channel)
        self.link = link
        self.id = id
        self.place = place
        self.remoteAddress = remoteAddress
        isSecure = tls != nil
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
