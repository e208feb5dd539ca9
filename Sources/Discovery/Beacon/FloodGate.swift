/// How many datagrams are looked at in a second; others are dropped, and counted as a flood.
public struct DatagramLimits: Sendable, Equatable {
    /// Of one address; three times as many at once.
    public var perAddress = 100
    /// Of all addresses together that are no known peer's.
    public var strangers = 1000
    /// Of all known peers' addresses together.
    public var peers = 4000

    public init() {}
}

/// How many datagrams are looked at, before anything of them is: looking costs a parse and, with a key, an HMAC.
///
/// Addresses of known peers have an allowance of their own, so that strangers, however many, cannot use it up.
struct FloodGate: Sendable {
    struct Rates: Sendable {
        var source: TokenBucket.Rate
        var strangers: TokenBucket.Rate
        var peers: TokenBucket.Rate

        init(_ limits: DatagramLimits = DatagramLimits()) {
            source = .init(perSecond: Double(limits.perAddress), burst: 3 * Double(limits.perAddress))
            strangers = .init(perSecond: Double(limits.strangers), burst: Double(limits.strangers))
            peers = .init(perSecond: Double(limits.peers), burst: Double(limits.peers))
        }
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
