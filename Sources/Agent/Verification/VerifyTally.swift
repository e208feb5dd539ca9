import Content

/// Counts what a verification has found so far, and says when that is worth a line. A value; time is a parameter.
struct VerifyTally: Sendable {
    /// The least time between two lines of progress.
    static let interval: Duration = .milliseconds(200)

    private(set) var summary = VerifySummary()
    /// Whether all has been read that was to be.
    var isRead = false
    private let began: ContinuousClock.Instant
    private var told: ContinuousClock.Instant
    private var blobs = 0

    init(now: ContinuousClock.Instant) {
        began = now
        told = now
    }

    var progress: VerifyProgress { VerifyProgress(blobs: blobs, bytes: summary.bytes) }

    /// - Returns: A line, where the last one was long enough ago.
    mutating func read(_ bytes: Int64, now: ContinuousClock.Instant) -> VerifyProgress? {
        summary.bytes += bytes
        guard told.duration(to: now) >= Self.interval else { return nil }
        told = now
        return progress
    }

    mutating func add(_ outcome: ProofOutcome, now: ContinuousClock.Instant) {
        blobs += 1
        summary.seconds = Int64(began.duration(to: now) / .seconds(1))
        switch outcome {
        case .intact: summary.intact += 1
        case .gone, .cancelled: summary.gone += 1
        case .damaged: summary.damaged += 1
        case .missing: summary.missing += 1
        case .unreadable: summary.unreadable += 1
        }
    }
}
