import NIOCore
import Synchronization

/// Counts connections, in all and by address.
///
/// A few connections beyond the limits are let in to be told so (503); more are closed.
final class ConnectionLimiter: Sendable {
    enum Verdict: Equatable { case serve, refuse, drop }

    private struct State {
        var served = 0
        var refused = 0
        var byAddress: [String: Int] = [:]
    }

    private let limits: HTTPLimits
    private let state = Mutex(State())

    init(limits: HTTPLimits) {
        self.limits = limits
    }

    /// Takes a place for a connection; ``leave(_:address:)`` gives it back.
    ///
    /// - Parameter address: nil for a unix socket, which counts in all only.
    func enter(_ address: String?) -> Verdict {
        state.withLock { state in
            let fromThere = address.map { state.byAddress[$0, default: 0] } ?? 0
            guard state.served < limits.connections, fromThere < limits.connectionsPerAddress else {
                guard state.refused < limits.refusedConnections else { return .drop }
                state.refused += 1
                return .refuse
            }
            state.served += 1
            if let address { state.byAddress[address] = fromThere + 1 }
            return .serve
        }
    }

    func leave(_ verdict: Verdict, address: String?) {
        state.withLock { state in
            switch verdict {
            case .drop: break
            case .refuse: state.refused -= 1
            case .serve:
                state.served -= 1
                guard let address, let count = state.byAddress[address] else { return }
                state.byAddress[address] = count > 1 ? count - 1 : nil
            }
        }
    }

    /// Connections that are served now.
    var count: Int { state.withLock { $0.served } }
}
