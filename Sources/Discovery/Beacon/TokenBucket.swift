/// So many at once, so many a second. Time is a parameter.
struct TokenBucket: Sendable {
    struct Rate: Sendable, Equatable {
        var perSecond: Double
        var burst: Double
    }

    private var tokens: Double
    private var filledAt: ContinuousClock.Instant?

    init(_ rate: Rate) {
        tokens = rate.burst
    }

    /// Takes one, if there is one.
    mutating func take(_ rate: Rate, now: ContinuousClock.Instant) -> Bool {
        if let filledAt, now > filledAt {
            tokens = min(rate.burst, tokens + (now - filledAt).inSeconds * rate.perSecond)
        }
        filledAt = max(filledAt ?? now, now)
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }
}

/// A bucket for each address, in memory that does not grow: addresses share a fixed number of buckets by a hash that only this
/// process knows, so that a flood from forged addresses drains a stranger's bucket by accident only.
struct SharedTokenBuckets: Sendable {
    private let rate: TokenBucket.Rate
    private var buckets: [TokenBucket]

    /// - Parameter count: how many buckets there are for all addresses.
    init(_ rate: TokenBucket.Rate, count: Int = 1024) {
        self.rate = rate
        buckets = Array(repeating: TokenBucket(rate), count: count)
    }

    mutating func take(_ address: IPAddress, now: ContinuousClock.Instant) -> Bool {
        // Hasher is seeded at random for each process.
        let index = Int(UInt(bitPattern: address.hashValue) % UInt(buckets.count))
        return buckets[index].take(rate, now: now)
    }
}

extension Duration {
    var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
