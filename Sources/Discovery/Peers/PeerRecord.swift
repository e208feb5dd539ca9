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
    /// A connection was refused at its last address; it counts again when it is heard after the penalty.
    var isAside = false

    /// Version of its inventory that it announced, and the one that is in the index.
    var heardVersion: UInt64 = 0
    var knownVersion: UInt64 = 0
    /// Whether it answered over HTTP in this epoch.
    var hasAnswered = false
    /// Numbers of its datagrams; with a key only, for without one anybody may use them up.
    var window = ReplayWindow()
    /// Beginnings of digests that it is said to hold.
    var newest: [DigestPrefix] = []
    /// `GET /v1/inventory`.
    var mending = Attempt()
    /// What was announced when the mending under way began.
    var mendingToward: UInt64 = 0

    var isConfirmed: Bool { addresses.contains(where: \.isConfirmed) }

    var hasGap: Bool { knownVersion < heardVersion }

    /// After this silence three Hellos are missed, however the jitter of a fifth fell.
    var silenceEnds: ContinuousClock.Instant { heardAt + interval * 3.6 }

    func isAlive(now: ContinuousClock.Instant) -> Bool {
        isConfirmed && !isAside && now < silenceEnds
    }

    /// Confirmed ones, best first.
    func bestAddresses(now: ContinuousClock.Instant) -> [KnownAddress] {
        addresses.filter(\.isConfirmed).sorted { $0.isBetter(than: $1, now: now) }
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
        mending = Attempt()
        isAside = false
    }
}
