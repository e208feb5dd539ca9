/// How many datagrams are looked at, before anything of them is: looking costs a parse and, with a key, an HMAC.
///
/// Addresses of known peers have an allowance of their own, so that strangers, however many, cannot use it up.
struct FloodGate: Sendable {
    struct Rates: Sendable {
        var source = TokenBucket.Rate(perSecond: 100, burst: 300)
        var strangers = TokenBucket.Rate(perSecond: 1000, burst: 1000)
        var peers = TokenBucket.Rate(perSecond: 4000, burst: 4000)
    }

    private let rates: Rates
    private var sources: SharedTokenBuckets
    private var strangers: TokenBucket
    private var peers: TokenBucket

    init(rates: Rates = Rates()) {
        self.rates = rates
        sources = SharedTokenBuckets(rates.source)
        strangers = TokenBucket(rates.strangers)
        peers = TokenBucket(rates.peers)
    }

    mutating func admit(_ source: IPAddress, isPeer: Bool, now: ContinuousClock.Instant) -> Bool {
        guard sources.take(source, now: now) else { return false }
        return isPeer ? peers.take(rates.peers, now: now) : strangers.take(rates.strangers, now: now)
    }
}
