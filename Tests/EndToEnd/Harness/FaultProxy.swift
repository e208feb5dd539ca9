import NIOCore
import NIOPosix
import Synchronization

/// A TCP proxy between nodes and a registry, at `proxy.test` (10.77.0.1, the test process's own place on the LAN). It counts
/// what the registry sends, and breaks off when told to.
final class FaultProxy: Sendable {
    enum Fault: Sendable, Equatable {
        case none
        /// Passes so many more bytes of the registry's, over all connections, then nothing: connections stay, silent, and
        /// go on where they were when the fault is taken away.
        case hold(after: Int)
        /// Passes so many more bytes, then closes every connection, and each new one at once.
        case cut(after: Int)
    }

    private struct State {
        var forwarded = 0
        var fault = Fault.none
        /// What may still pass before the fault strikes.
        var allowance = Int.max
        /// What goes on when a hold ends.
        var held: [@Sendable () -> Void] = []
        var connections: [ObjectIdentifier: any Channel] = [:]
    }

    /// What a relay is to do with bytes that came from the registry.
    enum Verdict: Equatable {
        case pass
        case hold(passing: Int)
        case close(passing: Int)
    }

    private let state = Mutex(State())
    private let listener: any Channel
    private let ignoresRanges: Bool

    private init(listener: any Channel, ignoresRanges: Bool) {
        self.listener = listener
        self.ignoresRanges = ignoresRanges
    }

    /// Runs a proxy on port 80 in front of `host`, for as long as the test uses it. `ignoringRanges`: every request is answered whole.
    static func with(
        host: String = "registry.test", ignoringRanges: Bool = false, _ test: (FaultProxy) async throws -> Void
    ) async throws {
        let owner = Mutex<FaultProxy?>(nil)
        let group = MultiThreadedEventLoopGroup.singleton
        let listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { client in
                guard let proxy = owner.withLock({ $0 }), !proxy.isCut else { return client.close() }
                return proxy.connect(client, to: host)
            }
            .bind(host: "10.77.0.1", port: 80).get()
        let proxy = FaultProxy(listener: listener, ignoresRanges: ignoringRanges)
        owner.withLock { $0 = proxy }
        do {
            try await test(proxy)
        } catch {
            await proxy.close()
            throw error
        }
        await proxy.close()
    }

    /// Bytes of the registry's that were passed on.
    var forwarded: Int { state.withLock { $0.forwarded } }

    private var isCut: Bool {
        state.withLock { state in
            if case .cut = state.fault { state.allowance == 0 } else { false }
        }
    }

    /// From now on.
    func set(_ fault: Fault) {
        let (doomed, released) = state.withLock { state in
            state.fault = fault
            switch fault {
            case .none: state.allowance = .max
            case .hold(let after), .cut(let after): state.allowance = after
            }
            let released = state.held
            state.held = []
            return (fault == .cut(after: 0) ? Array(state.connections.values) : [], released)
        }
        for channel in doomed { channel.close(promise: nil) }
        for release in released { release() }
    }

    /// Accounts for bytes of the registry's, and says how many go on and what follows. `release` is called when a hold ends.
    fileprivate func judge(_ count: Int, release: @escaping @Sendable () -> Void) -> Verdict {
        state.withLock { state in
            let passing = min(count, state.allowance)
            state.forwarded += passing
            if state.allowance != .max { state.allowance -= passing }
            switch state.fault {
            case .cut where state.allowance == 0:
                return .close(passing: passing)
            case .hold where passing < count:
                state.held.append(release)
                return .hold(passing: passing)
            default:
                return .pass
            }
        }
    }

    fileprivate func closeAll() {
        for channel in state.withLock({ Array($0.connections.values) }) { channel.close(promise: nil) }
    }

    private func connect(_ client: any Channel, to host: String) -> EventLoopFuture<Void> {
        let fromClient = Relay(judge: nil, hidesRanges: ignoresRanges)
        let fromRegistry = Relay(judge: self, hidesRanges: false)
        let bound = NIOLoopBound((fromClient, fromRegistry), eventLoop: client.eventLoop)
        return ClientBootstrap(group: client.eventLoop)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.autoRead, value: false)
            .channelInitializer { registry in
                registry.eventLoop.makeCompletedFuture {
                    try registry.pipeline.syncOperations.addHandler(bound.value.1)
                }
            }
            .connect(host: host, port: 80)
            .flatMap { registry in
                registry.eventLoop.makeCompletedFuture {
                    let (fromClient, fromRegistry) = bound.value
                    try client.pipeline.syncOperations.addHandler(fromClient)
                    fromClient.other = registry
                    fromRegistry.other = client
                    self.track(client)
                    self.track(registry)
                    return registry.setOption(.autoRead, value: true)
                }.flatMap { $0 }
            }
    }

    private func track(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        state.withLock { $0.connections[id] = channel }
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { _ = $0.connections.removeValue(forKey: id) }
        }
    }

    private func close() async {
        try? await listener.close()
        closeAll()
    }
}

/// Carries one direction of a connection.
private final class Relay: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The channel on the other side; set on the event loop that both share, before anything is read.
    var other: (any Channel)?
    /// Only bytes from the registry are judged.
    private let proxy: FaultProxy?
    /// Whether the registry is not to know of ranges.
    private let hidesRanges: Bool
    /// Bytes that wait for a hold to end.
    private var held: ByteBuffer?

    init(judge proxy: FaultProxy?, hidesRanges: Bool) {
        self.proxy = proxy
        self.hidesRanges = hidesRanges
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        if held != nil {
            // Read before the reading could be stopped.
            held?.writeImmutableBuffer(buffer)
        } else if let proxy {
            judge(buffer, by: proxy, context: context)
        } else {
            other?.writeAndFlush(hidesRanges ? Self.withoutRange(buffer) : buffer, promise: nil)
        }
    }

    /// Gives the header another name. An agent sends the head of a request in one write, so that it comes in one piece.
    private static func withoutRange(_ request: ByteBuffer) -> ByteBuffer {
        ByteBuffer(string: String(buffer: request).replacing("\r\nRange:", with: "\r\nX-Was-Range:"))
    }

    private func judge(_ bytes: ByteBuffer, by proxy: FaultProxy, context: ChannelHandlerContext) {
        var buffer = bytes
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let loop = context.eventLoop
        let verdict = proxy.judge(buffer.readableBytes) {
            loop.execute { bound.value.0.release(context: bound.value.1) }
        }
        switch verdict {
        case .pass:
            send(buffer, context: context)
        case .hold(let passing):
            if let first = buffer.readSlice(length: passing), first.readableBytes > 0 { send(first, context: context) }
            held = buffer
            context.channel.setOption(.autoRead, value: false).whenFailure { _ in }
        case .close(let passing):
            let first = buffer.readSlice(length: passing) ?? ByteBuffer()
            guard let other else { return }
            other.writeAndFlush(first).whenComplete { _ in proxy.closeAll() }
        }
    }

    /// Goes on with what was held.
    private func release(context: ChannelHandlerContext) {
        guard let buffer = held, let proxy else { return }
        held = nil
        context.channel.setOption(.autoRead, value: true).whenFailure { _ in }
        judge(buffer, by: proxy, context: context)
    }

    /// Reads no more than the other side takes.
    private func send(_ buffer: ByteBuffer, context: ChannelHandlerContext) {
        guard let other else { return }
        if !other.isWritable {
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            context.channel.setOption(.autoRead, value: false).whenFailure { _ in }
            other.writeAndFlush(buffer).whenComplete { _ in
                let (relay, context) = bound.value
                guard relay.held == nil else { return }
                context.channel.setOption(.autoRead, value: true).whenFailure { _ in }
            }
        } else {
            other.writeAndFlush(buffer, promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent {
            other?.close(mode: .output, promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        other?.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
