import Synchronization

/// What listeners have turned down before any responder heard of it, by reason, for metrics. Bounded: there is a handful of reasons.
public final class RefusalCounters: Sendable {
    private let counts = Mutex<[HTTPRefusal.Reason: Int]>([:])

    public init() {}

    /// Those that there were.
    public var snapshot: [HTTPRefusal.Reason: Int] { counts.withLock { $0 } }

    func count(_ reason: HTTPRefusal.Reason) {
        counts.withLock { $0[reason, default: 0] += 1 }
    }
}
