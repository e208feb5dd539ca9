import NIOCore
import NIOPosix
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// When the machine behind an address last gave a sign of life, on whatever connection. Knocks at its door, once at a time.
final class MachinePulse: Sendable {
    /// Whether anybody is at the address.
    typealias Knock = @Sendable (SocketAddress, any EventLoop) -> EventLoopFuture<Bool>

    /// Until somebody knocks a second time: one packet may be lost on a link that is full.
    static let stagger: TimeAmount = .milliseconds(50)
    static let answer: TimeAmount = .milliseconds(150)

    private struct State {
        /// When bytes last came, and when the door was last opened.
        var heard: NIODeadline?
        var opened: NIODeadline?
        var knock: EventLoopFuture<Bool>?
    }

    private let address: SocketAddress
    private let knock: Knock
    private let state = Mutex(State())

    init(_ address: SocketAddress, knock: @escaping Knock) {
        self.address = address
        self.knock = knock
    }

    func heard(at now: NIODeadline) {
        state.withLock { $0.heard = now }
    }

    /// How long nobody needs to knock; nil: now is the time to.
    func rest(at now: NIODeadline) -> TimeAmount? {
        let until = state.withLock { state in
            [state.heard.map { $0 + DeadPeerHandler.patience }, state.opened.map { $0 + DeadPeerHandler.pause }]
                .compactMap(\.self).max()
        }
        guard let until, until > now else { return nil }
        return until - now
    }

    /// Whether the machine is there. Who asks while somebody knocks hears the same.
    func knock(on eventLoop: any EventLoop) -> EventLoopFuture<Bool> {
        let (own, shared): (EventLoopPromise<Bool>?, EventLoopFuture<Bool>) = state.withLock { state in
            if let knock = state.knock { return (nil, knock) }
            let promise = eventLoop.makePromise(of: Bool.self)
            state.knock = promise.futureResult
            return (promise, promise.futureResult)
        }
        guard let own else { return shared.hop(to: eventLoop) }
        let again = eventLoop.flatScheduleTask(in: Self.stagger) { [knock, address] in knock(address, eventLoop) }
        knock(address, eventLoop).flatMap { isThere in
            guard isThere else { return again.futureResult }
            again.cancel()
            return eventLoop.makeSucceededFuture(true)
        }.flatMapErrorThrowing { _ in false }.whenSuccess { [self] isThere in
            state.withLock { state in
                state.knock = nil
                if isThere { state.opened = eventLoop.now }
            }
            own.succeed(isThere)
        }
        return shared
    }

    /// Opens a connection and closes it. Only silence counts as nobody: who refuses is there.
    static let connect: Knock = { address, eventLoop in
        ClientBootstrap(group: eventLoop).connectTimeout(answer).connect(to: address).map { channel in
            channel.close(promise: nil)
            return true
        }.flatMapErrorThrowing { error in
            switch error {
            case ChannelError.connectTimeout: false
            case let error as IOError: ![EHOSTUNREACH, EHOSTDOWN, ENETUNREACH, ETIMEDOUT].contains(error.errnoCode)
            default: true
            }
        }
    }
}

/// The pulses of all machines that a client has connections to.
final class MachinePulses: Sendable {
    private struct Known {
        weak var pulse: MachinePulse?
    }

    private let knock: MachinePulse.Knock
    private let known = Mutex<[SocketAddress: Known]>([:])

    init(knock: @escaping MachinePulse.Knock = MachinePulse.connect) { self.knock = knock }

    /// The one of an address, for as long as a connection holds it.
    func pulse(of address: SocketAddress) -> MachinePulse {
        known.withLock { known in
            if let pulse = known[address]?.pulse { return pulse }
            known = known.filter { $0.value.pulse != nil }
            let pulse = MachinePulse(address, knock: knock)
            known[address] = Known(pulse: pulse)
            return pulse
        }
    }
}
