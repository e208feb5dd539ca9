/// How many bytes may pass in a time, smoothly: the moment from which on the next ones may. A value without a clock.
///
/// The bucket is never counted in bytes: it is the moment at which it will be full again, which needs no refilling (the generic cell
/// rate algorithm). In any stretch of time no more passes than the rate times that stretch, and one burst.
struct TokenBucket: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// A full bucket lets this part of a second's bytes pass at once; at low rates ``leastBurst``.
    private static let burstsPerSecond = 20
    private static let leastBurst: Int64 = 64 << 10
    /// How long a turn of all who wait takes at most, in seconds; a peer waits 5 s for the next bytes (PeerPatience).
    private static let turn: Int64 = 2
    /// Less than that at a time is not worth the waking.
    private static let leastPortion: Int64 = 1 << 10

    /// Bytes in a second; at least one.
    let rate: Int64
    /// How long a full bucket takes to fill.
    private let window: Duration
    /// When the bucket is full again, if nothing passes until then.
    private var full: Instant

    /// A full bucket.
    init(rate: Int64, now: Instant) {
        self.rate = rate
        window = Self.time(of: Self.burst(at: rate), at: rate)
        full = now
    }

    /// How many bytes are asked for at a time: a part of the burst, so that who waits takes turns, and a timer that is late costs nothing.
    /// - Parameter count: of those who take turns.
    static func portion(at rate: Int64, among count: Int = 1) -> Int64 {
        let part = burst(at: rate) / 4
        let share = rate.multipliedReportingOverflow(by: turn)
        return share.overflow ? part : min(part, max(leastPortion, share.partialValue / Int64(count)))
    }

    private static func burst(at rate: Int64) -> Int64 {
        max(leastBurst, rate / Int64(burstsPerSecond))
    }

    /// When so many bytes may pass; more than a burst is let through at once when the bucket is full.
    func due(_ count: Int64) -> Instant {
        full + min(Self.time(of: count, at: rate), window) - window
    }

    /// The bytes pass. What was not due yet is made up for by those after.
    mutating func pass(_ count: Int64, now: Instant) {
        full = max(full, now) + Self.time(of: count, at: rate)
    }

    /// Bytes pass that nobody was asked about. Those after them wait for them, but no longer than a second.
    mutating func charge(_ count: Int64, now: Instant) {
        pass(count, now: now)
        full = min(full, now + window + .seconds(1))
    }

    private static func time(of count: Int64, at rate: Int64) -> Duration {
        .seconds(count) / rate
    }
}
