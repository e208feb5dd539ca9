/// How many questions are answered: so many of one asker, so many of all. With the rule that no answer is longer than its question,
/// this is what makes a node useless for flooding somebody whose address was forged.
struct AnswerGate: Sendable {
    struct Rates: Sendable {
        var asker = TokenBucket.Rate(perSecond: 50, burst: 100)
        var total = TokenBucket.Rate(perSecond: 500, burst: 500)
        /// Answers that wait for their random delay.
        var waiting = 256
    }

    private let rates: Rates
    private var askers: SharedTokenBuckets
    private var total: TokenBucket
    private var waiting = 0

    init(rates: Rates = Rates()) {
        self.rates = rates
        askers = SharedTokenBuckets(rates.asker)
        total = TokenBucket(rates.total)
    }

    /// Whether to answer; if so, `sent` has to be called when the answer has gone out.
    mutating func admit(_ asker: IPAddress, now: ContinuousClock.Instant) -> Bool {
        guard waiting < rates.waiting, askers.take(asker, now: now), total.take(rates.total, now: now) else {
            return false
        }
        waiting += 1
        return true
    }

    mutating func sent() {
        waiting -= 1
    }
}
