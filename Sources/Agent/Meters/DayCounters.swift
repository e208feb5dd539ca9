/// Bytes by source since local midnight. A value: it is told the day and the time.
///
/// A clock that goes back, or was not set when the machine started, loses nothing: what moves counts for the last day that there was
/// until the clock is there again. A clock that was wrong in the future is believed again after ``patience``.
struct DayCounters: Sendable, Equatable {
    typealias Instant = ContinuousClock.Instant

    static let patience: Duration = .seconds(86_400)

    /// As ``LocalDay`` writes it.
    private(set) var day: String
    private(set) var bytes = ByteCounts.zero
    /// Since when the clock has said an earlier day.
    private var behindSince: Instant?

    init(day: String, bytes: ByteCounts = .zero) {
        self.day = day
        self.bytes = bytes
    }

    /// Counts what has moved since the last call. At midnight it begins at zero.
    mutating func add(_ more: ByteCounts, on today: String, now: Instant) {
        if isOver(by: today, now: now) { self = DayCounters(day: today) }
        bytes = bytes + more
    }

    private mutating func isOver(by today: String, now: Instant) -> Bool {
        guard today < day else {
            behindSince = nil
            return today > day
        }
        let since = behindSince ?? now
        behindSince = since
        return since.duration(to: now) >= Self.patience
    }
}
