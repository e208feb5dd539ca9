public import OCI
import Synchronization

/// What a peer says a tag means.
public struct TagClaim: Sendable, Equatable {
    public let peer: Peer
    public let digest: Digest
    public let mediaType: MediaType
    /// Seconds since upstream, or a push, said so.
    public let ageSeconds: UInt64
}

/// Who is there and who holds what. Safe from any thread; bounded by ``DirectoryLimits``.
///
/// The lock around ``PeerTable``. Only peers that are alive are told of as holders.
public final class Directory: Sendable {
    /// A live peer that offers a blob.
    public struct Holder: Sendable, Equatable {
        public let peer: Peer
        /// As the peer says; nil where it did not.
        public let size: Int64?
    }

    private let table: Mutex<PeerTable>
    /// Rung when there may be something to ask, or to write into the log.
    let news = Bell()

    /// - Parameters:
    ///   - own: this node, which is nobody's peer here.
    ///   - requiresProof: a cluster key is in use: who has not proved it does not count.
    ///   - believesTags: whether what peers say of tags counts (`tags.believe`, or a cluster key).
    public convenience init(own: NodeID, requiresProof: Bool, believesTags: Bool) {
        self.init(own: own, rules: PeerTable.Rules(requiresProof: requiresProof, believesReferences: believesTags))
    }

    init(own: NodeID, rules: PeerTable.Rules) {
        table = Mutex(PeerTable(own: own, rules: rules))
    }

    // MARK: Who has what

    /// Live peers that offer a blob.
    public func holders(of digest: Digest) -> [Holder] {
        table.withLock { $0.holders(of: digest, now: .now) }.map { Holder(peer: $0.peer, size: $0.size) }
    }

    /// What live peers say a tag means, the newest word first. Empty where the words of others do not count.
    public func claims(for reference: ImageReference) -> [TagClaim] {
        let now = ContinuousClock.now
        return table.withLock { $0.claims(for: reference, now: now) }.map { peer, claim in
            TagClaim(
                peer: peer, digest: claim.digest, mediaType: claim.mediaType,
                ageSeconds: UInt64(max(0, (now - claim.knownGood).components.seconds)))
        }
    }

    /// All peers that count, live and suspect, by their ids.
    public func peers() -> [Peer] {
        table.withLock { $0.peers(now: .now) }
    }

    public func peer(_ id: NodeID) -> Peer? {
        table.withLock { $0.peer(id, now: .now) }
    }

    /// Whether every live peer's inventory is known to its newest version.
    public var isInStep: Bool {
        table.withLock { $0.isInStep(now: .now) }
    }

    // MARK: What came of it

    /// Tells what came of asking a peer. One that refuses connections is put aside at once.
    public func report(_ outcome: PeerOutcome, of id: NodeID, address: PeerAddress) {
        table.withLock { $0.report(outcome, of: id, at: address, now: .now) }
        news.ring()
    }

    /// A peer no longer has a blob that it had offered.
    public func withdraw(_ digest: Digest, of id: NodeID) {
        table.withLock { $0.withdraw(digest, of: id) }
    }

    // MARK: For the service

    func hear(_ beacon: Beacon, from source: IPAddress) throws(BeaconDrop) -> PeerTable.Hearing {
        defer { news.ring() }
        return try table.withLock { table throws(BeaconDrop) in try table.hear(beacon, from: source, now: .now) }
    }

    func isPeerAddress(_ ip: IPAddress) -> Bool {
        table.withLock { $0.isPeerAddress(ip) }
    }

    func tick() -> [PeerEvent] {
        table.withLock { table in
            table.tick(now: .now)
            return table.takeEvents()
        }
    }

    func startInquiries() -> (start: [Inquiry], next: ContinuousClock.Instant?) {
        table.withLock { $0.startInquiries(now: .now) }
    }

    func finishNode(_ id: NodeID, at address: PeerAddress, document: NodeDocument?) {
        table.withLock { $0.finishNode(id, at: address, document: document, now: .now) }
        news.ring()
    }

    func finishInventory(_ id: NodeID, at address: PeerAddress, epoch: UInt64, reading: InventoryReading?) {
        table.withLock { $0.finishInventory(id, at: address, epoch: epoch, reading: reading, now: .now) }
        news.ring()
    }

    var limits: DirectoryLimits { table.withLock { $0.rules.limits } }
}
