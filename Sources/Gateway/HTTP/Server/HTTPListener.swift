public import Logging
public import NIOCore
public import NIOPosix
public import ServiceLifecycle
import Synchronization
public import TLS

/// An HTTP/1.1 server on a few addresses, with one responder and one set of limits.
///
/// A graceful shutdown stops accepting, closes what is idle, lets answers under way finish (``HTTPLimits/drainTime``), and
/// then cuts off the rest. Cancellation cuts off at once.
public final class HTTPListener: Service {
    private struct State {
        var sockets: [ListeningSocket]?
        var isDraining = false
        var nextConnection = 0
        var open: [Int: Connection] = [:]
    }

    private let addresses: [ListenAddress]
    private let limits: HTTPLimits
    private let group: any EventLoopGroup
    private let accept: @Sendable (SocketAddress) -> Bool
    private let logger: Logger
    private let troubles: TLSTroubles?
    private let server: ConnectionServer
    private let limiter: ConnectionLimiter
    private let queue = ConnectionQueue()
    private let state = Mutex(State())

    /// - Parameters:
    ///   - threadPool: reads files ahead, so that event loops need not wait for disks.
    ///   - accept: who may connect by TCP; others are closed without a word.
    ///   - refusals: counts what is turned down here.
    ///   - troubles: told of clients that speak TLS where it is not spoken, do not where it is, or show a certificate that does not count.
    public init(
        addresses: [ListenAddress], responder: any HTTPResponder, limits: HTTPLimits = HTTPLimits(),
        group: any EventLoopGroup, threadPool: NIOThreadPool = .singleton,
        accept: @escaping @Sendable (SocketAddress) -> Bool = { _ in true }, logger: Logger,
        refusals: RefusalCounters = RefusalCounters(), troubles: TLSTroubles? = nil
    ) {
        self.addresses = addresses
        self.limits = limits
        self.group = group
        self.accept = accept
        self.logger = logger
        self.troubles = troubles
        limiter = ConnectionLimiter(limits: limits)
        server = ConnectionServer(
            responder: responder, limits: limits, warmer: RegionWarmer(pool: threadPool), logger: logger,
            refusals: refusals)
    }

    /// Connections that are open now.
    public var connectionCount: Int { limiter.count }

    /// Binds the addresses and begins to queue connections; ``run()`` serves them.
    ///
    /// - Returns: the addresses as bound, with the ports that port 0 became; optional ones that could not be are left out.
    /// - Throws: ``ListenError`` where a required address cannot be bound; nothing stays bound then.
    @discardableResult
    public func bind() async throws(ListenError) -> [SocketAddress] {
        if let sockets = state.withLock({ $0.sockets }) { return sockets.compactMap(\.address) }
        let tag = ConnectionTag()
        var sockets: [ListeningSocket] = []
        for address in addresses {
            do {
                sockets.append(try await ListeningSocket(address, bootstrap: bootstrap(tag, address.tls)))
            } catch {
                guard address.isOptional else {
                    for socket in sockets { await socket.close() }
                    throw error
                }
                logger.warning("does not listen on a default address", metadata: ["reason": "\(error.message)"])
            }
        }
        state.withLock { $0.sockets = sockets }
        return sockets.compactMap(\.address)
    }

    public func run() async throws {
        try await bind()
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await serve()
            } onGracefulShutdown: {
                self.drain()
            }
        } onCancel: {
            self.drain()
        }
        for socket in state.withLock({ $0.sockets ?? [] }) { await socket.close() }
    }

    /// Closes what was bound, and whoever has connected meanwhile, where ``run()`` is not going to be called.
    public func abandon() async {
        drain()
        for socket in state.withLock({ $0.sockets ?? [] }) { await socket.close() }
        while let connection = await queue.next() {
            try? await connection.channel.executeThenClose { _, _ in }
            limiter.leave(connection.place)
        }
    }

    /// Lets go of connections from where none is accepted any more, each once the answers under way are out. To be called when who may
    /// connect has changed; where certificates have, the listener does the same by itself.
    public func review() {
        letGo { !self.isAccepted($0) }
    }

    // MARK: Serving

    private func serve() async {
        await withTaskGroup { group in
            group.addTask {
                await withDiscardingTaskGroup { connections in
                    while let connection = await self.queue.next() {
                        connections.addTask { await self.serve(connection) }
                    }
                }
            }
            let identities = Set(addresses.compactMap(\.tls))
            if !identities.isEmpty {
                group.addTask { await self.watch(identities) }
            }
            group.addTask {
                // Ends when the drain has taken too long; is cancelled when it has not.
                try? await gracefulShutdown()
                try? await Task.sleep(for: self.limits.drainTime)
            }
            await group.next()
            group.cancelAll()
        }
    }

    /// Looks for changed certificates until the task is cancelled. Whom they keep out does not stay on a connection from before.
    private func watch(_ identities: Set<TLSIdentity>) async {
        while (try? await Task.sleep(for: limits.certificateTime)) != nil {
            try? await server.warmer.pool.runIfActive {
                for identity in identities { identity.look() }
            }
            letGo(where: \.isOutdated)
        }
    }

    private func serve(_ connection: Connection) async {
        defer { limiter.leave(connection.place) }
        let id = state.withLock { state in
            state.nextConnection += 1
            state.open[state.nextConnection] = connection
            return state.nextConnection
        }
        defer { state.withLock { $0.open[id] = nil } }
        // What has changed before it could be found among those that are open.
        if state.withLock({ $0.isDraining }) || connection.isOutdated || !isAccepted(connection) { quiesce(connection) }
        await server.serve(connection)
    }

    private func drain() {
        let (sockets, open) = state.withLock { state in
            state.isDraining = true
            return (state.sockets ?? [], Array(state.open.values))
        }
        for connection in open { quiesce(connection) }
        for socket in sockets { socket.stopAccepting() }
        queue.close()
    }

    private func letGo(where isUnwanted: (Connection) -> Bool) {
        for connection in state.withLock({ Array($0.open.values) }) where isUnwanted(connection) { quiesce(connection) }
    }

    private func isAccepted(_ connection: Connection) -> Bool {
        connection.isUnixSocket || connection.remoteAddress.map(accept) ?? false
    }

    /// The answers that begin from now on say that they are the last, whenever the event loop hears of it.
    private func quiesce(_ connection: Connection) {
        connection.link.drains()
        connection.channel.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    }

    // MARK: Accepting

    private func bootstrap(_ tag: ConnectionTag, _ tls: TLSIdentity?) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelInitializer { channel in
                // Out of descriptors: accept again in a while, instead of spinning or giving up.
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptBackoffHandler())
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(
                .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: ConnectionHandler.receiveSize)
            )
            .childChannelInitializer { channel in
                // A failure closes the connection.
                channel.eventLoop.makeCompletedFuture { try self.take(channel, id: tag.next(), tls) }
            }
    }

    /// Runs on the new connection's event loop.
    private func take(_ channel: any Channel, id: String, _ tls: TLSIdentity?) throws {
        // A unix socket has no address to judge by; its file's mode does that.
        let address = channel.isUnixSocket ? nil : channel.remoteAddress
        if !channel.isUnixSocket {
            guard let address, accept(address) else {
                logger.debug("a connection is not allowed", metadata: ["from": "\(address?.ipAddress ?? "unknown")"])
                throw ChannelError.ioOnClosedChannel
            }
        }
        guard let place = limiter.enter(address) else {
            server.refusals.count(.tooManyConnections)
            logger.debug(
                "a connection is dropped: there are too many", metadata: ["from": "\(address?.ipAddress ?? "unix")"])
            throw ChannelError.ioOnClosedChannel
        }
        do {
            try queue.add {
                try Connection(
                    channel, id: id, place: place, limits: limits, responder: server.responder, tls: tls,
                    troubles: troubles, logger: logger)
            }
        } catch {
            limiter.leave(place)
            throw error
        }
    }
}

/// Names the connections of a listener, and tells them from another process's in logs.
private final class ConnectionTag: Sendable {
    private let prefix = String(UInt32.random(in: 0x1000_0000 ... .max), radix: 16)
    private let count = Atomic(0)

    func next() -> String { "\(prefix)-\(count.wrappingAdd(1, ordering: .relaxed).newValue)" }
}
