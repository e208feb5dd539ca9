/// What the table knows of one node. Plain state; `PeerTable` decides.
struct PeerRecord: Sendable {
    static let newestLimit = 128

    let id: NodeID
    /// In the index of blobs.
    let handle: HolderIndex.Handle
    var name: String
    var epoch: UInt64
    var addresses: [KnownAddress] = []
    var sources: Set<Peer.Source>

    /// At a confirmed address.
    var heardAt: ContinuousClock.Instant
    /// Between its Hellos, as it says.
    var interval: Duration
    /// When it last spoke itself, by datagram.
    var spokeAt: ContinuousClock.Instant?
    /// When a Hello of it last came from beyond the LAN.
    var linkedAt: ContinuousClock.Instant?
    /// From the node to here: 0 where it is known at first hand, else how many have told of it.
    var hops = 0
    /// Who told.
    var introducer: NodeID?
    /// When the LAN was last told of it, by this node or another, and when those beyond the LAN were.
    var toldToLAN: Telling?
    var toldToLinks: Telling?
    /// A link that has been told of everybody.
    var knowsEverybody = false

    struct Telling: Sendable {
        var at: ContinuousClock.Instant
        var epoch: UInt64
        var version: UInt64
    }
    /// A connection was refused at its last address; it counts again when it is heard after the penalty.
    var isAside = false

    /// Version of its inventory that it announced, and the one that is in the index.
    var heardVersion: UInt64 = 0
    var knownVersion: UInt64 = 0
    /// Whether it answered over HTTP in this epoch.
    var hasAnswered = false
    /// Numbers of its datagrams; with a key only, for without one anybody may use them up.
    var window = ReplayWindow()
    /// Beginnings of digests that it is said to have come by, for as long as its inventory is not known so far.
    var newest: [DigestPrefix] = []
    /// `GET /v1/inventory`.
    var mending = Attempt()
    /// What was announced when the mending under way began.
    var mendingToward: UInt64 = 0

    /// Whether its own word has come lately, so that nobody else's is needed.
    func speaksHere(now: ContinuousClock.Instant) -> Bool {
        spokeAt.map { now - $0 < interval * 3.6 } ?? false
    }

    /// Whether it is time to tell of it: it never was, or something is new, or the telling is old and this is a round.
    func isNews(since telling: Telling?, isRound: Bool, now: ContinuousClock.Instant) -> Bool {
        guard let telling else { return true }
        return (epoch, heardVersion) > (telling.epoch, telling.version)
            || isRound && now - telling.at >= PeerTable.introductionInterval * 0.6
    }

    var isNeighbour: Bool { addresses.contains { $0.isNeighbour } }

    var isConfirmed: Bool { addresses.contains(where: \.isConfirmed) }

    var hasGap: Bool { knownVersion < heardVersion }

    /// After this silence three Hellos are missed, however the jitter of a fifth fell.
    var silenceEnds: ContinuousClock.Instant { heardAt + interval * 3.6 }

    func isAlive(now: ContinuousClock.Instant) -> Bool {
        isHeard(now: now) && !isAside
    }

    /// Whether its Hellos come, reachable or not.
    func isHeard(now: ContinuousClock.Instant) -> Bool {
        isConfirmed && now < silenceEnds
    }

    /// Confirmed ones, best first.
    func bestAddresses(now: ContinuousClock.Instant) -> [KnownAddress] {
        addresses.filter(\.isConfirmed).sorted { $0.isBetter(than: $1, now: now) }
    }

    func holds(_ ip: IPAddress) -> Bool { addresses.contains { $0.ip == ip } }

    /// Whether the node itself has ever answered there.
    func hasProven(_ address: PeerAddress) -> Bool {
        index(of: address).map { addresses[$0].workedAt != nil } == true
    }

    func index(of address: PeerAddress) -> Int? {
        addresses.firstIndex { $0.address == address }
    }

    /// Forgets what belongs to an epoch.
    mutating func restart(epoch: UInt64) {
        self.epoch = epoch
        heardVersion = 0
        knownVersion = 0
        hasAnswered = false
        window = ReplayWindow()
        knowsEverybody = false
        mending = Attempt()
        isAside = false
    }
}
