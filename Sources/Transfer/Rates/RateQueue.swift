/// Who may pass next under a rate: those who wait, in the order in which they came. A value without a clock.
struct RateQueue: Sendable {
    typealias Instant = ContinuousClock.Instant

    enum Turn: Equatable {
        /// The bytes may pass, and have been counted.
        case pass
        /// The first in the queue looks again at this moment.
        case look(at: Instant)
        /// Others come first.
        case wait
    }

    private struct Place {
        var id: UInt64
        var count: Int64
    }

    private var bucket: TokenBucket?
    private var places: [Place] = []

    /// - Parameter rate: bytes in a second; nil: no limit.
    init(rate: Int64?, now: Instant) {
        bucket = rate.map { TokenBucket(rate: $0, now: now) }
    }

    var count: Int { places.count }

    /// Who has to look now.
    var first: UInt64? { places.first?.id }

    /// Takes up a place at the end, and looks whose turn it is.
    mutating func enter(_ id: UInt64, _ count: Int64, now: Instant) -> Turn {
        places.append(Place(id: id, count: count))
        return look(id, now: now)
    }

    /// What somebody who is in the queue may do now. Whoever passes is in it no more.
    mutating func look(_ id: UInt64, now: Instant) -> Turn {
        guard let first = places.first, first.id == id else { return .wait }
        if let due = bucket?.due(first.count), due > now { return .look(at: due) }
        bucket?.pass(first.count, now: now)
        places.removeFirst()
        return .pass
    }

    /// Gives a place up.
    mutating func leave(_ id: UInt64) {
        places.removeAll { $0.id == id }
    }

    /// Counts bytes that pass whatever the rate says.
    mutating func charge(_ count: Int64, now: Instant) {
        bucket?.charge(count, now: now)
    }

    /// Those who wait keep their order.
    mutating func change(rate: Int64?, now: Instant) {
        guard bucket?.rate != rate else { return }
        bucket = rate.map { TokenBucket(rate: $0, now: now) }
    }
}
