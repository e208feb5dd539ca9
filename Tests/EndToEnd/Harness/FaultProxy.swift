import NIOCore
import NIOPosix
import Synchronization

/// A TCP proxy between nodes and a registry, at `proxy.test` (10.77.0.1, the test process's own place on the LAN). It counts
/// what the registry sends, and breaks off when told to.
final class FaultProxy: Sendable {
    enum Fault: Sendable, Equatable {
        case none
        /// Passes so many more bytes of the registry's, over all connections, then nothing: connections stay, silent.
        case hold(after: Int)
        /// Passes so many more bytes, then closes every connection, and each new one at once.
        case cut(after: Int)
    }

    private struct State {
        var forwarded = 0
        var fault = Fault.none
        /// What may still pass before the fault strikes.
        var allowance = Int.max
        var connections: [ObjectIdentifier: any Channel] = [:]
    }

    /// What a relay is to do with bytes that came from the registry.
    enum Verdict: Equatable {
        case pass(Int)
        case swallow(passing: Int)
        case close(passing: Int)
    }

    private let state = Mutex(State())
    private let listener: any Channel

    private init(listener: any Channel) {
        self.listener = listener
    }

    /// Runs a proxy on port 80 in front of `host`, for as long as the test uses it.
    static func with(host: String = "registry.test", _ test: (FaultProxy) async throws -> Void) async throws {
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
        let proxy = FaultProxy(listener: listener)
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
        let doomed = state.withLock { state in
            state.fault = fault
            switch fault {
            case .none: state.allowance = .max
            case .hold(let after), .cut(let after): state.allowance = after
            }
            return fault == .cut(after: 0) ? Array(state.connections.values) : []
        }
        for channel in doomed { channel.close(promise: nil) }
    }

    /// Accounts for bytes of the registry's, and says how many go on and what follows.
    fileprivate func judge(_ count: Int) -> Verdict {
        state.withLock { state in
            let passing = min(count, state.allowance)
            state.forwarded += passing
            if state.allowance != .max { state.allowance -= passing }
            guard passing < count || state.allowance == 0 else { return .pass(passing) }
            if case .cut = state.fault { return .close(passing: passing) }
            return .swallow(passing: passing)
        }
    }

    fileprivate func closeAll() {
        for channel in state.withLock({ Array($0.connections.values) }) { channel.close(promise: nil) }
    }

    private func connect(_ client: any Channel, to host: String) -> EventLoopFuture<Void> {
        let fromClient = Relay(proxy: nil)
        let fromRegistry = Relay(proxy: self)
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

    init(proxy: FaultProxy?) {
        self.proxy = proxy
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        guard let proxy else {
            other?.writeAndFlush(buffer, promise: nil)
            return
        }
        switch proxy.judge(buffer.readableBytes) {
        case .pass:
            send(buffer, context: context)
        case .swallow(let passing):
            if passing > 0, let rest = buffer.readSlice(length: passing) { send(rest, context: context) }
        case .close(let passing):
            if passing > 0, let rest = buffer.readSlice(length: passing) {
                other?.writeAndFlush(rest).whenComplete { _ in proxy.closeAll() }
            } else {
                proxy.closeAll()
            }
        }
    }

    /// Reads no more than the other side takes.
    private func send(_ buffer: ByteBuffer, context: ChannelHandlerContext) {
        guard let other else { return }
        let source = context.channel
        if !other.isWritable {
            source.setOption(.autoRead, value: false).whenFailure { _ in }
            other.writeAndFlush(buffer).whenComplete { _ in
                source.setOption(.autoRead, value: true).whenFailure { _ in }
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
