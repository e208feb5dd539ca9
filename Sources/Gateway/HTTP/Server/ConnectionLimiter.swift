import NIOCore
import Synchronization

/// Counts connections, in all and by address. Loopback's are counted in all only: they are this machine's runtimes, however many
/// connections each of them opens.
///
/// A few connections beyond the limits are let in to be told so (503); more are closed.
final class ConnectionLimiter: Sendable {
    /// What a connection was let in for; to be given back.
    struct Place: Sendable, Equatable {
        /// Whether it is only told that there are too many.
        var isRefused: Bool
        var address: String?
    }

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

    /// Takes a place for a connection; nil: there is none even for a refusal.
    ///
    /// - Parameter address: nil for a unix socket, which counts in all only.
    func enter(_ address: SocketAddress?) -> Place? {
        let address = address.flatMap { $0.isLoopback ? nil : $0.ipAddress }
        return state.withLock { state in
            let fromThere = address.map { state.byAddress[$0, default: 0] } ?? 0
            guard state.served < limits.connections, fromThere < limits.connectionsPerAddress else {
                guard state.refused < limits.refusedConnections else { return nil }
                state.refused += 1
                return Place(isRefused: true, address: nil)
            }
            state.served += 1
            if let address { state.byAddress[address] = fromThere + 1 }
            return Place(isRefused: false, address: address)
        }
    }

    func leave(_ place: Place) {
        state.withLock { state in
            guard !place.isRefused else {
                state.refused -= 1
                return
            }
            state.served -= 1
            guard let address = place.address, let count = state.byAddress[address] else { return }
            state.byAddress[address] = count > 1 ? count - 1 : nil
        }
    }

    /// Connections that are served now.
    var count: Int { state.withLock { $0.served } }
}
