internal import AsyncHTTPClient
import Discovery
import NIOCore
import NIOHTTP1
import NIOSSL
import TLS

/// How peers are asked: over plain HTTP, or over TLS where this node has a certificate for that. Nothing else connects to a peer.
///
/// Over TLS a connection takes a handshake, for which a busy peer may need longer than one that is gone is to be waited for. So
/// connecting has more time, and where nothing has come for a moment somebody knocks: a machine at which nobody opens is gone.
struct PeerTransport: Sendable {
    /// With one peer. Requests that wait, and bodies that are long, must not keep short questions from being asked.
    private static let connections = 64
    /// As large as what there is to be received at once.
    private static let receiveBuffers = AdaptiveRecvByteBufferAllocator(
        minimum: 16 << 10, initial: 128 << 10, maximum: 512 << 10)

    private let client: HTTPClient
    private let group: any EventLoopGroup
    private let tls: TLSIdentity?
    private let troubles: TLSTroubles?
    private let pulses: MachinePulses
    private let quiet: Duration

    /// - Parameters:
    ///   - tls: this node's certificate, and whom it trusts; nil: plain HTTP is spoken.
    ///   - troubles: told of peers with which no trust comes about.
    ///   - pulses: which machines are there.
    init(
        group: any EventLoopGroup, tls: TLSIdentity?, troubles: TLSTroubles?, patience: PeerPatience,
        pulses: MachinePulses
    ) {
        self.group = group
        self.tls = tls
        self.troubles = troubles
        quiet = patience.quiet
        self.pulses = pulses
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: TimeAmount(tls == nil ? patience.connect : patience.handshake)),
            decompression: .disabled)
        configuration.httpVersion = .http1Only
        configuration.connectionPool.idleTimeout = .seconds(30)
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = Self.connections
        configuration.http1_1ConnectionDebugInitializer = { [isSecure = tls != nil] channel in
            channel.eventLoop.submit {
                if isSecure { try CertificateHandler.add(to: channel) }
                // Until the head each request has a time of its own, which may be a long wait.
                try SilenceHandler(limit: TimeAmount(patience.silence), from: .head).add(to: channel)
                try DeadPeerHandler(pulses).add(to: channel)
                // Large receive buffers halve the cost of a body.
                try channel.syncOptions?.setOption(.recvAllocator, value: Self.receiveBuffers)
                try channel.syncOptions?.setOption(.maxMessagesPerRead, value: 4)
            }
        }
        client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
    }

    /// An event loop on which a request may be sent and its body be received; the connection is preferably one of that loop.
    func executor() -> any TaskExecutor { EventLoopExecutor(group.next()) }

    func shutdown() async {
        try? await client.shutdown()
    }

    /// Sends a GET.
    /// - Returns: the head of the answer, and which node the peer's certificate is for; over plain HTTP it is for any.
    /// - Throws: ``TLSTrouble`` where no trust comes about.
    func get(
        _ target: String, at address: PeerAddress, headers: HTTPHeaders, timeout: Duration
    ) async throws -> (response: HTTPClientResponse, certified: CertifiedNode) {
        var request = HTTPClientRequest(url: "\(tls == nil ? "http" : "https")://\(address)\(target)")
        request.headers = headers
        request.headers.add(name: "User-Agent", value: "shoal")
        guard let tls else {
            let response = try await client.execute(request, timeout: TimeAmount(timeout))
            guard response.status == .badRequest, response.headers.first(name: TLSHint.header) == TLSHint.value else {
                return (response, .anyNode)
            }
            throw noted(.speaksTLS, address)
        }
        request.tlsConfiguration = tls.client
        do {
            let response = try await whileThere(address) { [request] in
                try await client.execute(request, timeout: TimeAmount(timeout))
            }
            return (response, CertificateHandler.node(of: response))
        } catch {
            guard let trouble = TLSTrouble(error) else { throw error }
            throw noted(trouble, address)
        }
    }

    /// Makes sure that the peer's certificate may be that node's.
    /// - Throws: ``TLSTrouble`` where it is another one's.
    func check(_ certified: CertifiedNode, is node: NodeID, at address: PeerAddress) throws {
        guard let named = certified.node, named != node else { return }
        throw noted(.otherNode(certified: named, claimed: node), address)
    }

    private func noted(_ trouble: TLSTrouble, _ address: PeerAddress) -> TLSTrouble {
        troubles?.note(trouble, at: address.host)
        return trouble
    }

    // MARK: Machines that are gone

    private func whileThere(
        _ address: PeerAddress, _ ask: @escaping @Sendable () async throws -> HTTPClientResponse
    ) async throws -> HTTPClientResponse {
        try await withThrowingTaskGroup(of: HTTPClientResponse?.self) { group in
            group.addTask { try await ask() }
            group.addTask {
                try await Task.sleep(for: quiet)
                // As a connection that was not made in time.
                guard await isThere(address) else { throw HTTPClientError.connectTimeout }
                return nil
            }
            defer { group.cancelAll() }
            while let answer = try await group.next() {
                if let answer { return answer }
            }
            throw CancellationError()
        }
    }

    /// Whether somebody is at an address, as far as can be told.
    private func isThere(_ address: PeerAddress) async -> Bool {
        guard let place = try? SocketAddress(ipAddress: address.host, port: address.port) else { return true }
        let pulse = pulses.pulse(of: place)
        guard pulse.rest(at: .now()) == nil else { return true }
        return (try? await pulse.knock(on: group.any()).get()) ?? true
    }
}

/// Tells with each answer which node the certificate of its connection is for, in a field that no peer can write.
///
/// Connections are pooled, and who asks does not get to see the one that the answer comes from.
private final class CertificateHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart

    private static let field = "Shoal-Certified-Node"

    /// Nil: the certificate is for any node.
    private let node: NodeID?

    private init(_ node: NodeID?) {
        self.node = node
    }

    /// Puts it into the pipeline of an HTTP/1.1 client whose handshake is over. Call on the channel's event loop.
    /// - Throws: ``TLSTrouble`` where nobody can tell which node the certificate is for; the connection is closed then.
    static func add(to channel: any Channel) throws {
        let pipeline = channel.pipeline.syncOperations
        let certified = try pipeline.nioSSL_peerCertificate().map { CertifiedNode($0) } ?? .unclear("there is none")
        if case .unclear(let reason) = certified {
            channel.close(promise: nil)
            throw TLSTrouble.unclearNode(reason)
        }
        let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
        try pipeline.addHandler(CertificateHandler(certified.node), position: .after(decoder))
    }

    static func node(of response: HTTPClientResponse) -> CertifiedNode {
        response.headers.first(name: field).flatMap { NodeID(hex: $0) }.map(CertifiedNode.node) ?? .anyNode
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = Self.unwrapInboundIn(data) else { return context.fireChannelRead(data) }
        if let node {
            head.headers.replaceOrAdd(name: Self.field, value: node.hex)
        } else {
            head.headers.remove(name: Self.field)
        }
        context.fireChannelRead(Self.wrapInboundOut(.head(head)))
    }
}
