public import Logging
public import NIOCore
public import NIOPosix
public import ServiceLifecycle
import Synchronization

/// An HTTP/1.1 server on a few addresses, with one responder and one set of limits.
///
/// A graceful shutdown stops accepting, closes what is idle, lets answers under way finish (``HTTPLimits/drainTime``), and
/// then cuts off the rest. Cancellation cuts off at once.
public final class HTTPListener: Service {
    private typealias Server = NIOAsyncChannel<Connection, Never>

    private struct Bound {
        var server: Server
        var socketFile: UnixSocketFile?
    }

    private struct State {
        var bound: [Bound]?
        var isDraining = false
        var nextConnection = 0
        var open: [Int: any Channel] = [:]
    }

    private let addresses: [ListenAddress]
    private let limits: HTTPLimits
    private let group: any EventLoopGroup
    private let accept: @Sendable (SocketAddress) -> Bool
    private let logger: Logger
    private let limiter: ConnectionLimiter
    private let server: ConnectionServer
    /// Tells this process's connections from another's in logs.
    private let tag = String(UInt32.random(in: 0x1000_0000 ... .max), radix: 16)
    private let state = Mutex(State(bound: nil))

    /// - Parameters:
    ///   - threadPool: reads files ahead, so that event loops need not wait for disks.
    ///   - accept: who may connect by TCP; others are closed without a word.
    public init(
        addresses: [ListenAddress], responder: any HTTPResponder, limits: HTTPLimits = HTTPLimits(),
        group: any EventLoopGroup, threadPool: NIOThreadPool = .singleton,
        accept: @escaping @Sendable (SocketAddress) -> Bool = { _ in true }, logger: Logger
    ) {
        self.addresses = addresses
        self.limits = limits
        self.group = group
        self.accept = accept
        self.logger = logger
        limiter = ConnectionLimiter(limits: limits)
        server = ConnectionServer(
            responder: responder, limits: limits, warmer: RegionWarmer(pool: threadPool), logger: logger)
    }

    /// Connections that are open now.
    public var connectionCount: Int { limiter.count }

    /// Binds the addresses and begins to queue connections; ``run()`` serves them.
    ///
    /// - Returns: the addresses as bound, with the ports that port 0 became; optional ones that could not be are left out.
    /// - Throws: ``ListenError`` where a required address cannot be bound; nothing stays bound then.
    @discardableResult
    public func bind() async throws -> [SocketAddress] {
        if let bound = state.withLock({ $0.bound }) { return bound.compactMap(\.server.channel.localAddress) }
        var bound: [Bound] = []
        for address in addresses {
            do {
                bound.append(try await bind(address))
            } catch let error where address.isOptional {
                logger.warning("does not listen on a default address", metadata: ["reason": "\(error.message)"])
            } catch {
                for bound in bound { await release(bound) }
                throw error
            }
        }
        state.withLock { $0.bound = bound }
        return bound.compactMap(\.server.channel.localAddress)
    }

    public func run() async throws {
        try await bind()
        let bound = state.withLock { $0.bound ?? [] }
        await withGracefulShutdownHandler {
            await withTaskGroup { group in
                group.addTask { await self.serveAll(bound) }
                group.addTask {
                    // Ends when the drain has taken too long; is cancelled when it has not.
                    try? await gracefulShutdown()
                    try? await Task.sleep(for: self.limits.drainTime)
                }
                await group.next()
                group.cancelAll()
            }
        } onGracefulShutdown: {
            self.drain()
        }
        for bound in bound { bound.socketFile?.remove() }
        state.withLock { $0.bound = nil }
    }

    // MARK: Serving

    private func serveAll(_ bound: [Bound]) async {
        await withDiscardingTaskGroup { group in
            for bound in bound {
                group.addTask { await self.acceptAll(on: bound.server) }
            }
        }
    }

    private func acceptAll(on listening: Server) async {
        do {
            try await listening.executeThenClose { connections in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await connection in connections {
                        group.addTask { await self.take(connection) }
                    }
                }
            }
        } catch {
            logger.error("stopped listening", metadata: ["reason": "\(error)"])
        }
    }

    private func take(_ connection: Connection) async {
        let address = connection.remoteAddress?.ipAddress
        if let remote = connection.remoteAddress, address != nil, !accept(remote) {
            logger.debug("a connection is not allowed", metadata: ["from": "\(remote)"])
            return await close(connection)
        }
        let verdict = limiter.enter(address)
        defer { limiter.leave(verdict, address: address) }
        guard verdict != .drop, let id = enter(connection.channel.channel) else { return await close(connection) }
        defer { state.withLock { $0.open[id] = nil } }
        let refusal =
            verdict == .refuse
            ? HTTPRefusal(.tooManyConnections, "there are as many connections as there may be; try again soon") : nil
        await server.serve(connection, refusal: refusal)
    }

    private func close(_ connection: Connection) async {
        try? await connection.channel.executeThenClose { _, _ in }
    }

    private func enter(_ channel: any Channel) -> Int? {
        state.withLock { state in
            guard !state.isDraining else { return nil }
            state.nextConnection += 1
            state.open[state.nextConnection] = channel
            return state.nextConnection
        }
    }

    private func drain() {
        let (listening, open) = state.withLock { state in
            state.isDraining = true
            return (state.bound ?? [], Array(state.open.values))
        }
        for bound in listening { bound.server.channel.close(promise: nil) }
        for channel in open { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
    }

    // MARK: Binding

    private func bind(_ address: ListenAddress) async throws(ListenError) -> Bound {
        switch address.endpoint {
        case .tcp(let host, let port):
            return try await wrap(address) {
                let socketAddress = try SocketAddress.makeAddressResolvingHost(host, port: port)
                return Bound(server: try await self.bind(to: socketAddress), socketFile: nil)
            }
        case .unix(let path, let mode):
            let file = UnixSocketFile(path: path, mode: mode)
            try file.prepare()
            let server = try await wrap(address) {
                try await self.bind(to: try SocketAddress(unixDomainSocketPath: file.temporaryPath))
            }
            let bound = Bound(server: server, socketFile: file)
            do {
                try file.publish()
            } catch {
                await release(bound)
                throw error
            }
            return bound
        }
    }

    private func wrap<Result>(
        _ address: ListenAddress, _ body: () async throws -> Result
    ) async throws(ListenError) -> Result {
        do {
            return try await body()
        } catch {
            let isInUse = (error as? IOError)?.errnoCode == EADDRINUSE
            throw ListenError(
                isInUse ? .inUse : .notAvailable, address: address,
                message: isInUse
                    ? "cannot listen on \(address): another process does; is an agent running already?"
                    : "cannot listen on \(address): \(error)",
                cause: error)
        }
    }

    private func bind(to address: SocketAddress) async throws -> Server {
        var bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 256)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            // Requests are small, and so are the buffers that a stranger can fill.
            .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 8 << 10))
        if address.protocol == .inet6 {
            // Beside a listener on 0.0.0.0; and an IPv4 client is the same client on every configuration.
            bootstrap = bootstrap.serverChannelOption(.ipv6Option(.ipv6_v6only), value: 1)
        }
        if address.protocol != .unix {
            bootstrap = bootstrap.childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        }
        let (limits, tag) = (limits, tag)
        let counter = ConnectionCounter()
        return try await bootstrap.bind(to: address) { channel in
            channel.eventLoop.makeCompletedFuture {
                try Connection(channel, id: "\(tag)-\(counter.next())", limits: limits)
            }
        }
    }

    private func release(_ bound: Bound) async {
        try? await bound.server.executeThenClose { _ in }
        bound.socketFile?.remove()
    }
}

/// Numbers the connections of a listener.
private final class ConnectionCounter: Sendable {
    private let value = Atomic(0)

    func next() -> Int { value.wrappingAdd(1, ordering: .relaxed).newValue }
}
