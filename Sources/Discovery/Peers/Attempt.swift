/// Something to be asked over HTTP: whether it is wanted, from when, whether it is being asked right now, and how often it failed.
struct Attempt: Sendable {
    private(set) var isWanted = false
    private(set) var isRunning = false
    private(set) var failures = 0
    private var notBefore: ContinuousClock.Instant?

    /// When it may start; nil where it is not wanted, or under way.
    func due(now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        isWanted && !isRunning ? max(notBefore ?? now, now) : nil
    }

    /// - Parameter delay: puts off the first try; a retry waits for its own time.
    mutating func want(now: ContinuousClock.Instant, delay: Duration = .zero) {
        guard !isWanted else { return }
        isWanted = true
        notBefore = max(notBefore ?? now, now + delay)
    }

    /// Without the delay that it was wanted with; after a failure the time until the next try stays.
    /// - Returns: whether it is under way, or may start now.
    mutating func hurry(now: ContinuousClock.Instant) -> Bool {
        if isWanted, !isRunning, failures == 0 { notBefore = now }
        return isRunning || due(now: now) == now
    }

    mutating func start() {
        isWanted = false
        isRunning = true
    }

    /// - Parameter rest: not again before this has passed, however much it is wanted.
    mutating func succeed(now: ContinuousClock.Instant, rest: Duration = .zero) {
        isRunning = false
        failures = 0
        notBefore = now + rest
    }

    /// - Parameter again: whether it is still wanted, after a while.
    mutating func fail(now: ContinuousClock.Instant, again: Bool) {
        isRunning = false
        isWanted = again
        failures += 1
        notBefore = now + Backoff.inquiry.delay(after: failures)
    }
}
