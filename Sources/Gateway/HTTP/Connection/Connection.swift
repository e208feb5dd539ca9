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
    let isUnixSocket: Bool
    /// Who this listener is over TLS, and what the connection began with; nil where it is none.
    private let tls: (identity: TLSIdentity, context: NIOSSLContext)?

    /// Builds the pipeline. Must run on the channel's event loop.
    /// - Parameters:
    ///   - tls: who this listener is over TLS; nil: it does not speak it.
    ///   - troubles: told where the client and this listener do not come together over TLS.
    init(
        _ channel: any Channel, id: String, place: ConnectionLimiter.Place, limits: HTTPLimits,
        responder: any HTTPResponder, tls identity: TLSIdentity?, troubles: TLSTroubles? = nil, logger: Logger
    ) throws {
        let tls = identity.map { (identity: $0, context: $0.context) }
        let remoteAddress = channel.remoteAddress
        let link = ConnectionLink()
        let isUnixSocket = channel.isUnixSocket
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
                wire, NIOSSLServerHandler(context: tls.context),
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
        self.isUnixSocket = isUnixSocket
        self.tls = tls
    }

    /// Whether it is TLS, through which no file can be sent as it is.
    var isSecure: Bool { tls != nil }

    /// Whether certificates have changed since it began: whom they would keep out now may be at its other end.
    var isOutdated: Bool { tls.map { $0.identity.context !== $0.context } ?? false }
}

extension Channel {
    var isUnixSocket: Bool { localAddress?.protocol == .unix }
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
