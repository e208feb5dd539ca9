import Synchronization

/// How many peers may wait for bytes that are on their way.
public struct WaitLimits: Sendable {
    /// In all.
    public var total = 64
    /// From one address.
    public var perAddress = 8

    public init() {}
}

/// How many peers may wait for bytes that are on their way. A wait costs a task and a connection, and no upload slot.
final class WaitingRoom: Sendable {
    private struct State {
        var count = 0
        /// By address; no entry of 0 stays.
        var ofAddress: [String: Int] = [:]
    }

    private let limits: WaitLimits
    private let state = Mutex(State())

    init(_ limits: WaitLimits) {
        self.limits = limits
    }

    var count: Int { state.withLock { $0.count } }

    /// Whether there is a place; it is to be given back with ``leave(_:)``.
    func enter(_ address: String) -> Bool {
        state.withLock { state in
            let ofAddress = state.ofAddress[address, default: 0]
            guard state.count < limits.total, ofAddress < limits.perAddress else { return false }
            state.count += 1
            state.ofAddress[address] = ofAddress + 1
            return true
        }
    }

    func leave(_ address: String) {
        state.withLock { state in
            guard let ofAddress = state.ofAddress[address] else { return }
            state.count -= 1
            state.ofAddress[address] = ofAddress > 1 ? ofAddress - 1 : nil
        }
    }
}
