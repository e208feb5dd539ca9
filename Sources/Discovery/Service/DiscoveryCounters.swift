import Synchronization

/// What the beacon has sent, heard and dropped since the start.
public final class DiscoveryCounters: Sendable {
    public struct Snapshot: Sendable, Equatable {
        public var sent: UInt64 = 0
        public var received: UInt64 = 0
        /// By reason; those that never happened are left out.
        public var dropped: [BeaconDrop: UInt64] = [:]
    }

    private let counts = Mutex(Snapshot())

    init() {}

    public var snapshot: Snapshot { counts.withLock { $0 } }

    func sent() { counts.withLock { $0.sent += 1 } }
    func received() { counts.withLock { $0.received += 1 } }
    func dropped(_ reason: BeaconDrop) { counts.withLock { $0.dropped[reason, default: 0] += 1 } }
}
