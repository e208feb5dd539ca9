import Synchronization

/// Counts the requests of a listener that are being answered.
final class RequestLimiter: Sendable {
    private let limit: Int
    private let count = Atomic(0)

    init(limit: Int) {
        self.limit = limit
    }

    /// Whether there is a place for one more; it is to be given back with ``leave()``.
    func enter() -> Bool {
        if count.wrappingAdd(1, ordering: .relaxed).oldValue < limit { return true }
        leave()
        return false
    }

    func leave() {
        count.wrappingSubtract(1, ordering: .relaxed)
    }
}
