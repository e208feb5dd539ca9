import Synchronization

/// How this node stands with mDNS.
public enum MDNSState: Sendable, Equatable, CustomStringConvertible {
    /// Turned off by the configuration.
    case off
    /// There is a daemon, and nothing is announced yet.
    case starting
    /// Neither announced nor looking: the text says why.
    case noDaemon(String)
    /// Announced under this name, and looking for others.
    case running(name: String)
    /// Somebody else has the name of this host or of the service; another one is being tried.
    case collision(name: String)

    public var description: String {
        switch self {
        case .off: "off"
        case .starting: "starting"
        case .noDaemon(let reason): "no daemon: \(reason)"
        case .running(let name): "running as “\(name)”"
        case .collision(let name): "the name “\(name)” is taken; trying another"
        }
    }
}

/// The state, for who asks.
final class MDNSStatus: Sendable {
    private let state: Mutex<MDNSState>

    init(_ state: MDNSState) {
        self.state = Mutex(state)
    }

    var now: MDNSState { state.withLock { $0 } }

    /// Returns what it was before.
    func become(_ new: MDNSState) -> MDNSState {
        state.withLock { state in
            defer { state = new }
            return state
        }
    }
}
