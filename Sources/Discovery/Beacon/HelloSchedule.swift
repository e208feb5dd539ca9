/// When the next Hello goes out. Pure: instants and random numbers come in, an instant comes out.
struct HelloSchedule: Sendable {
    struct Timing: Sendable {
        var interval = Duration.seconds(5)
        /// Of the interval, either way.
        var jitter = 0.2
        /// After the start, so that a lost datagram does not cost a whole interval.
        var opening: [Duration] = [.zero, .milliseconds(300), .seconds(1)]
        /// Changes of the inventory come in bursts; one Hello for what comes within this.
        var coalescing = Duration.milliseconds(50)
        /// Between two Hellos that announce changes.
        var changeSpacing = Duration.milliseconds(200)
        /// After a stranger's Hello; at random, so that a LAN does not answer a newcomer in one voice.
        var welcome: ClosedRange<Duration> = .milliseconds(20) ... .milliseconds(200)
        var welcomeSpacing = Duration.seconds(1)
    }

    let timing: Timing
    /// The next Hello is due.
    private(set) var due: ContinuousClock.Instant
    private var opening: ArraySlice<ContinuousClock.Instant>
    private var hasChange = false
    private var lastChange: ContinuousClock.Instant?
    private var lastWelcome: ContinuousClock.Instant?

    init(timing: Timing = Timing(), start: ContinuousClock.Instant) {
        self.timing = timing
        opening = timing.opening.map { start + $0 }[...]
        due = opening.popFirst() ?? start
    }

    /// A Hello has gone out.
    /// - Parameter random: 0 up to 1, new each time.
    mutating func sent(at now: ContinuousClock.Instant, random: Double) {
        if hasChange {
            hasChange = false
            lastChange = now
        }
        let spread = 1 + timing.jitter * (2 * random - 1)
        due = now + timing.interval * spread
        while let next = opening.first {
            opening.removeFirst()
            guard next > now else { continue }
            due = min(due, next)
            break
        }
    }

    /// The inventory has changed.
    mutating func inventoryChanged(at now: ContinuousClock.Instant) {
        guard !hasChange else { return }
        hasChange = true
        let spaced = lastChange.map { $0 + timing.changeSpacing } ?? now
        due = min(due, max(now + timing.coalescing, spaced))
    }

    /// A node was heard that this one did not know; it does not know this one either, most likely.
    mutating func strangerHeard(at now: ContinuousClock.Instant, random: Double) {
        if let lastWelcome, now - lastWelcome < timing.welcomeSpacing { return }
        lastWelcome = now
        let span = timing.welcome.upperBound - timing.welcome.lowerBound
        due = min(due, now + timing.welcome.lowerBound + span * random)
    }
}
