import Synchronization

/// What discovery has done since the start, for metrics.
public struct DiscoveryCounters: Sendable, Equatable {
    /// Datagrams that came in, dropped ones included.
    public var received: UInt64 = 0
    /// Datagrams that went out, each target counted.
    public var sent: UInt64 = 0
    /// Datagrams that the kernel would not send.
    public var unsent: UInt64 = 0
    /// Datagrams that were not taken, by reason.
    public var dropped: [BeaconDrop: UInt64] = [:]
    /// What mDNS told and was not taken, by reason.
    public var mdnsDropped: [MDNSDrop: UInt64] = [:]
    /// Questions that this node asked.
    public var asked: UInt64 = 0
    /// Questions that it answered.
    public var answered: UInt64 = 0
    /// Times that it said what it is fetching.
    public var wanted: UInt64 = 0

    public init() {}
}

/// Counts; safe from any thread.
final class DiscoveryTally: Sendable {
    private let counters = Mutex(DiscoveryCounters())

    var snapshot: DiscoveryCounters { counters.withLock { $0 } }

    func add(_ change: (inout sending DiscoveryCounters) -> Void) {
        counters.withLock { change(&$0) }
    }

    func drop(_ reason: BeaconDrop) {
        counters.withLock { $0.dropped[reason, default: 0] += 1 }
    }

    func drop(_ reason: MDNSDrop) {
        counters.withLock { $0.mdnsDropped[reason, default: 0] += 1 }
    }
}
