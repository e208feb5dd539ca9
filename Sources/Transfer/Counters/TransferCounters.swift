public import Content
public import Discovery
import Synchronization

/// What the agent has moved since it started. Payload bytes: manifests and duplicates count, headers do not.
public final class TransferCounters: Sendable {
    /// The figures at one moment.
    public struct Snapshot: Sendable, Equatable {
        /// Bytes read from this node's stores for the mirror.
        public var store: Int64
        /// Bytes received from peers.
        public var peers: Int64
        /// Bytes received from upstream.
        public var upstream: Int64
        /// Bytes sent to peers.
        public var servedToPeers: Int64
        /// The mirror's GETs of blobs and manifests that needed no byte from upstream.
        public var hits: Int64
        /// The mirror's other GETs of blobs and manifests, failed ones among them.
        public var misses: Int64
        public var swarm: SwarmCounts
        public var downloads: DownloadCounts
    }

    private let store = Atomic<Int64>(0)
    private let peers = Atomic<Int64>(0)
    private let upstream = Atomic<Int64>(0)
    private let servedToPeers = Atomic<Int64>(0)
    private let hits = Atomic<Int64>(0)
    private let misses = Atomic<Int64>(0)
    private let swarm = Mutex(SwarmCounts())
    private let downloads = Mutex(DownloadCounts())
    private let credits = Mutex(PeerCredit())
    /// Hashing of what arrives.
    public let hashing = HashingTally()

    public init() {}

    public var snapshot: Snapshot {
        Snapshot(
            store: store.load(ordering: .relaxed), peers: peers.load(ordering: .relaxed),
            upstream: upstream.load(ordering: .relaxed), servedToPeers: servedToPeers.load(ordering: .relaxed),
            hits: hits.load(ordering: .relaxed), misses: misses.load(ordering: .relaxed),
            swarm: swarm.withLock { $0 }, downloads: downloads.withLock { $0 })
    }

    /// Bytes by the peer that gave them, those of running downloads to within a fraction of a second.
    public var receivedByPeer: [NodeID: Int64] { credits.withLock { $0.bytes } }

    /// Bytes of a store went to the runtime.
    public func readFromStore(_ count: Int64) { store.wrappingAdd(count, ordering: .relaxed) }

    /// Bytes went to a peer.
    public func served(_ count: Int64) { servedToPeers.wrappingAdd(count, ordering: .relaxed) }

    /// A GET of a blob or manifest was answered, or could not be.
    public func answered(hit: Bool) {
        if hit {
            hits.wrappingAdd(1, ordering: .relaxed)
        } else {
            misses.wrappingAdd(1, ordering: .relaxed)
        }
    }

    func add(_ counts: SwarmCounts) {
        guard counts != SwarmCounts() else { return }
        swarm.withLock { $0 += counts }
    }

    func downloadBegan() { downloads.withLock { $0.begun += 1 } }

    func downloadEnded(_ outcome: DownloadOutcome) { downloads.withLock { $0.ended[outcome, default: 0] += 1 } }

    /// A download has found its first source.
    func lookedUp(within duration: Duration) { downloads.withLock { $0.lookups.observe(duration) } }

    /// Says who gave bytes that ``received(_:from:)`` has counted already.
    func credit(_ counts: [NodeID: Int64]) {
        guard !counts.isEmpty else { return }
        credits.withLock { credit in
            for (peer, count) in counts { credit.add(count, from: peer) }
        }
    }

    func received(_ count: Int64, from source: DownloadPlan.Source) {
        switch source {
        case .peer: peers.wrappingAdd(count, ordering: .relaxed)
        case .upstream: upstream.wrappingAdd(count, ordering: .relaxed)
        }
    }
}
