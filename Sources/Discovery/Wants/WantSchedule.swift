import OCI

/// What this node is fetching, and when it says so: at once, once more soon after, for any datagram may be lost, and then now and then
/// until it ends. Pure: instants and random numbers (0 up to 1, new each time) come in, messages come out.
///
/// On a large LAN it does not matter that all are heard at once: who knows some of those that fetch the same asks them for pieces, and by
/// that they know it. So what the LAN has no room for waits.
struct WantSchedule: Sendable {
    struct Timing: Sendable {
        /// What begins or ends within this is said together.
        var coalescing = Duration.milliseconds(5)
        /// For each datagram that everybody's word would take. Where a thousand begin in the same moment they speak one after another,
        /// fast, and the later ones hear from the first ones that the LAN is busy.
        var share = Duration.microseconds(200)
        var repetition = Duration.milliseconds(300)
        /// Between two rounds, in which everything is said.
        var interval = Duration.seconds(5)
        /// Of the interval, either way.
        var jitter = 0.2
        /// After a stranger's Hello: first it has to know this node, and with a key to see its proof.
        var welcome: ClosedRange<Duration> = .milliseconds(300) ... .milliseconds(900)
        var welcomeSpacing = Duration.seconds(1)
    }

    private struct Own: Sendable {
        var size: Int64?
        var isEnded = false
        /// Times that it is still to be said as news.
        var left = WantSchedule.times
        /// When it is to be said as news next.
        var due: ContinuousClock.Instant

        var isFresh: Bool { left == WantSchedule.times }

        func isDue(_ now: ContinuousClock.Instant) -> Bool { left > 0 && due <= now }
    }

    /// Of blobs at once. More are fetched, and nobody is told of them.
    static let limit = 256
    /// That news is said.
    private static let times = 2

    let timing: Timing
    /// What the LAN can take.
    var budget = LANBudget(nodes: 1, datagrams: 1)
    private var own: [Digest: Own] = [:]
    /// By the clock: it goes out then, however busy the LAN is.
    private var round: ContinuousClock.Instant?
    /// For a stranger.
    private var welcome: ContinuousClock.Instant?
    private var lastWelcome: ContinuousClock.Instant?
    /// When `say` has something to say next.
    private(set) var due: ContinuousClock.Instant?

    init(timing: Timing = Timing()) {
        self.timing = timing
    }

    /// Whether this node is fetching it, and says so.
    func wants(_ digest: Digest) -> Bool { own[digest]?.isEnded == false }

    private var live: Int { own.values.count { !$0.isEnded } }

    // MARK: What happens

    mutating func begin(_ digest: Digest, size: Int64?, at now: ContinuousClock.Instant, random: Double) {
        if let known = own[digest], !known.isEnded {
            // A size that is known by now goes out with the next message.
            own[digest]?.size = size ?? known.size
            return
        }
        guard live < Self.limit else { return }
        own[digest] = Own(size: size, due: moment(now, random))
        // Those who begin together must not come together again in every round.
        if round == nil { round = now + interval * (0.5 + random) }
        plan()
    }

    mutating func end(_ digest: Digest, at now: ContinuousClock.Instant, random: Double) {
        guard let known = own[digest], !known.isEnded else { return }
        // Nobody was told, or there is too much to tell: then it is forgotten, here at once and by others after a while.
        if known.isFresh || own.count > 2 * Self.limit {
            own[digest] = nil
        } else {
            own[digest] = Own(size: known.size, isEnded: true, due: moment(now, random))
        }
        if live == 0 {
            round = nil
            welcome = nil
        }
        plan()
    }

    /// A node was heard that this one did not know. It has heard nothing of what was said before.
    mutating func strangerHeard(at now: ContinuousClock.Instant, random: Double) {
        guard welcome == nil, live > 0 else { return }
        let from = lastWelcome.map { max(now, $0 + timing.welcomeSpacing) } ?? now
        let span = max(timing.welcome.upperBound, budget.turn) - timing.welcome.lowerBound
        welcome = from + timing.welcome.lowerBound + span * random
        plan()
    }

    // MARK: Saying

    /// What is due now, which counts as said.
    /// - Parameter isBusy: much is being said on the LAN: what is not due by the clock is put off.
    mutating func say(at now: ContinuousClock.Instant, isBusy: Bool, random: Double) -> [Beacon.Want] {
        defer { plan() }
        guard let due, due <= now else { return [] }
        let isRound = round.map { $0 <= now } ?? false
        guard isRound || !isBusy else {
            postpone(at: now, until: now + timing.repetition * 0.2 + max(timing.repetition, budget.turn) * random)
            return []
        }
        let isWelcome = welcome.map { $0 <= now } ?? false
        // What was never said goes along with what goes out.
        let said = own.filter { isRound || isWelcome || $0.value.isFresh || $0.value.isDue(now) }
        let interval = interval
        let wants = Self.packed(said).map { Beacon.Want(blobs: $0, interval: interval) }
        for digest in said.keys { count(digest, at: now) }
        if isRound || isWelcome {
            welcome = nil
            if isWelcome { lastWelcome = now }
            round = live > 0 ? now + interval * (1 + timing.jitter * (2 * random - 1)) : nil
        }
        return wants
    }

    private mutating func count(_ digest: Digest, at now: ContinuousClock.Instant) {
        guard var entry = own[digest], entry.left > 0 else { return }
        entry.left -= 1
        entry.due = now + timing.repetition
        own[digest] = entry.left == 0 && entry.isEnded ? nil : entry
    }

    private mutating func postpone(at now: ContinuousClock.Instant, until later: ContinuousClock.Instant) {
        for (digest, entry) in own where entry.isDue(now) { own[digest]?.due = later }
        if let due = welcome, due <= now { welcome = later }
    }

    /// When something that happens now is to be said: together with other news that is about to be.
    private func moment(_ now: ContinuousClock.Instant, _ random: Double) -> ContinuousClock.Instant {
        let window = max(timing.coalescing, timing.share * (budget.nodes * max(1, budget.datagrams)))
        let moment = now + timing.coalescing + (window - timing.coalescing) * random
        let fresh = own.values.filter(\.isFresh).map(\.due).min()
        return min(moment, fresh ?? moment)
    }

    private mutating func plan() {
        let news = own.values.filter { $0.left > 0 }.map(\.due).min()
        due = [news, round, welcome].compactMap { $0 }.min()
    }

    /// Until everything is said again.
    private var interval: Duration {
        budget.wantInterval(timing.interval, messages: Self.packed(own).count)
    }

    // MARK: Messages

    /// Bytes of a datagram that are there for blobs, whatever else is in it, and those of one blob that are not its digest.
    private static let room = 1100
    private static let overhead = 15

    private static func packed(_ own: [Digest: Own]) -> [[Beacon.Wanted]] {
        var messages: [[Beacon.Wanted]] = []
        var left = 0
        for (digest, entry) in own {
            let length = digest.bytes.count + overhead
            if length > left {
                messages.append([])
                left = room
            }
            left -= length
            messages[messages.count - 1].append(
                Beacon.Wanted(digest: digest, size: entry.size, isEnded: entry.isEnded))
        }
        return messages
    }
}

extension LANBudget {
    /// Between two rounds of saying again who fetches what, of so many messages each.
    fileprivate func wantInterval(_ shortest: Duration, messages: Int) -> Duration {
        let datagrams = nodes * max(1, datagrams) * max(1, messages)
        let turn = Duration.seconds(Double(datagrams) / Self.wants)
        return min(max(shortest, turn), BeaconLimits.longestInterval)
    }
}
