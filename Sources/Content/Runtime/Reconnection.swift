/// When to look for containerd again, and how long what it held is offered while it is away. A value: time is a parameter.
struct Reconnection: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// Between attempts: twice as long each time, from the first to the last.
    static let firstDelay: Duration = .milliseconds(100)
    static let lastDelay: Duration = .seconds(10)
    /// A restart of containerd takes less; its files stay where they are meanwhile.
    static let grace: Duration = .seconds(30)

    /// What to do after an attempt.
    struct Step: Hashable, Sendable {
        var delay: Duration
        /// Whether what was held is held no more.
        var forgets: Bool
    }

    private var delay = Self.firstDelay
    private var lostAt: Instant?

    /// Whether containerd was followed before, and is away.
    private(set) var hasFollowed = false

    /// An attempt has ended.
    /// - Parameter didFollow: whether containerd was there, and its content known.
    mutating func ended(didFollow: Bool, at now: Instant) -> Step {
        if didFollow {
            delay = Self.firstDelay
            lostAt = now
            hasFollowed = true
        }
        var step = Step(delay: delay, forgets: false)
        delay = min(delay * 2, Self.lastDelay)
        if let end = lostAt.map({ $0 + Self.grace }) {
            if end <= now {
                lostAt = nil
                step.forgets = true
            } else {
                step.delay = min(step.delay, now.duration(to: end))
            }
        }
        return step
    }
}
