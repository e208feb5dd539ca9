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
        /// After a Hello that announced a change or welcomed a stranger it is said once more, for any datagram may be lost.
        var repetition = Duration.milliseconds(300)
        /// After a stranger's Hello; at random, so that a LAN does not answer a newcomer in one voice. On a large LAN the time in which
        /// everybody may speak once, if that is longer.
        var welcome: ClosedRange<Duration> = .milliseconds(20) ... .milliseconds(200)
        var welcomeSpacing = Duration.seconds(1)
    }

    let timing: Timing
    /// By the clock: it goes out then whatever else is said on the LAN.
    private var regular: ContinuousClock.Instant
    /// Because something has happened: it may be put off.
    private var early: ContinuousClock.Instant?
    private var opening: ArraySlice<ContinuousClock.Instant>
    private var hasChange = false
    private var lastChange: ContinuousClock.Instant?
    /// A welcome is due, for all who come before it is said.
    private(set) var hasWelcome = false
    private var lastWelcome: ContinuousClock.Instant?

    init(timing: Timing = Timing(), start: ContinuousClock.Instant) {
        self.timing = timing
        opening = timing.opening.map { start + $0 }[...]
        regular = opening.popFirst() ?? start
    }

    /// The next Hello is due.
    var due: ContinuousClock.Instant { min(regular, early ?? regular) }

    /// A Hello has gone out.
    /// - Parameters:
    ///   - interval: until the next one, where the LAN has room for fewer than `timing` says.
    ///   - random: 0 up to 1, new each time.
    mutating func sent(at now: ContinuousClock.Instant, interval: Duration? = nil, random: Double) {
        let hasReason = hasChange || hasWelcome
        if hasChange {
            hasChange = false
            lastChange = now
        }
        if hasWelcome {
            hasWelcome = false
            lastWelcome = now
        }
        let spread = 1 + timing.jitter * (2 * random - 1)
        regular = now + (interval ?? timing.interval) * spread
        early = nil
        while let next = opening.first {
            opening.removeFirst()
            guard next > now else { continue }
            // Put off where a thousand others start at the same time.
            hasten(next)
            break
        }
        if hasReason { hasten(now + timing.repetition) }
    }

    /// Whether what is due now is due by the clock.
    func isRegular(at now: ContinuousClock.Instant) -> Bool { now >= regular }

    /// Puts off what is not due by the clock: the LAN is busy.
    mutating func postpone(until later: ContinuousClock.Instant) {
        if early != nil { early = later }
    }

    /// The inventory has changed.
    mutating func inventoryChanged(at now: ContinuousClock.Instant) {
        guard !hasChange else { return }
        hasChange = true
        let spaced = lastChange.map { $0 + timing.changeSpacing } ?? now
        hasten(max(now + timing.coalescing, spaced))
    }

    /// A node was heard that this one did not know; it does not know this one either, most likely.
    /// - Parameter turn: the time in which everybody on the LAN may speak once.
    mutating func strangerHeard(at now: ContinuousClock.Instant, turn: Duration = .zero, random: Double) {
        // One welcome for all who come before it is said. Who comes right after one gets the next, and not none: its own next Hellos
        // are no stranger's, and it would hear of this node a whole interval later.
        guard !hasWelcome else { return }
        hasWelcome = true
        let spaced = lastWelcome.map { max(now, $0 + timing.welcomeSpacing) } ?? now
        let span = max(timing.welcome.upperBound, turn) - timing.welcome.lowerBound
        hasten(spaced + timing.welcome.lowerBound + span * random)
    }

    /// This node's own addresses have changed: others are to know soon.
    mutating func networkChanged(at now: ContinuousClock.Instant) {
        opening = timing.opening.dropFirst().map { now + $0 }[...]
        hasten(now + timing.coalescing)
    }

    private mutating func hasten(_ instant: ContinuousClock.Instant) {
        early = min(early ?? instant, instant)
    }
}
