/// Bytes by source in steps of ten seconds, over the last hour. A value: it is told the sums and the time.
///
/// The time is the monotonic one, so no change of the wall clock moves anything. A machine that slept has steps of nothing.
struct ByteHistory: Sendable, Equatable {
    typealias Instant = ContinuousClock.Instant

    /// Seconds.
    static let step: Int64 = 10
    static let limit = 360

    /// Oldest first; the last one is under way.
    private(set) var steps: [ByteCounts] = [.zero]
    private let began: Instant
    /// The last step's, counted from the first one that there ever was.
    private var number = 0
    private var total = ByteCounts.zero

    init(from began: Instant) {
        self.began = began
    }

    /// What came since the last call belongs to the step that is under way: to be called more often than there are steps.
    /// - Parameter total: since the start; it never shrinks.
    mutating func note(_ total: ByteCounts, at now: Instant) {
        let current = Int(began.duration(to: now).components.seconds / Self.step)
        let missing = max(0, current - number)
        if missing > 0 {
            steps += [ByteCounts](repeating: .zero, count: min(missing, Self.limit))
            steps.removeFirst(max(0, steps.count - Self.limit))
            number = current
        }
        steps[steps.count - 1] = steps[steps.count - 1] + (total - self.total)
        self.total = total
    }
}
