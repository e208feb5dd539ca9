public import OCI
import Synchronization

/// Who is there and who holds what. Bounded, and safe from any thread: a lock around `PeerTable`, held for microseconds.
public final class Directory: Sendable {
    /// A peer that holds a blob.
    public struct Holder: Sendable {
        public var peer: Peer
        /// Bytes, as the peer says.
        public var size: Int64?
        /// Whether the peer has hashed the blob itself.
        public var isProven: Bool

        public init(peer: Peer, size: Int64?, isProven: Bool = true) {
            self.peer = peer
            self.size = size
            self.isProven = isProven
        }
    }

    /// This node.
    public let own: NodeID
    /// Whether the word of others counts for tags.
    let believesReferences: Bool
    let table: Mutex<PeerTable>
    /// Rung when something is to be asked.
    let alarm = Alarm()

    /// - Parameters:
    ///   - own: this node, which is nobody's peer.
    ///   - hasKey: whether the cluster has a key. Then nobody counts before it has proved that it holds it, and the word of those who
    ///     do counts for tags.
    ///   - believesTags: whether tags of others count without a key, too (`tags.believe = "lan"`).
    ///   - asksFirst: whether nobody counts before it has answered `GET /v1/node`, with a key or without: over TLS only who has a
    ///     certificate of this cluster does.
    public init(
        own: NodeID, hasKey: Bool, believesTags: Bool, asksFirst: Bool = false,
        limits: DirectoryLimits = DirectoryLimits()
    ) {
        self.own = own
        believesReferences = hasKey || believesTags
        table = Mutex(
            PeerTable(
                own: own,
                rules: .init(
                    requiresProof: hasKey, believesReferences: believesReferences, limits: limits, asksFirst: asksFirst)
            ))
    }

    // MARK: What is known

    /// Peers that hold the blob and are alive.
    public func holders(of digest: Digest) -> [Holder] {
        table.withLock { $0.holders(of: digest, now: .now) }.map {
            Holder(peer: $0.peer, size: $0.size, isProven: $0.isProven)
        }
    }

    /// Everybody who counts, alive or suspect, in the order of their ids.
    public func peers() -> [Peer] {
        table.withLock { $0.peers(now: .now) }
    }

    /// Whether anybody else counts and is alive.
    public var hasLivePeers: Bool {
        table.withLock { table in table.peers(now: .now).contains { $0.state == .alive } }
    }

    /// Nil for a node that does not count, or no longer.
    public func peer(_ id: NodeID) -> Peer? {
        table.withLock { $0.peer(id, now: .now) }
    }

    /// Whether the inventory of every living peer is known as far as it was announced: who is not a holder then, holds nothing.
    public var isInStep: Bool {
        table.withLock { $0.isInStep(now: .now) }
    }

    /// Pairs of blob and holder in the index.
    public var entries: Int {
        table.withLock { $0.index.count }
    }

    /// Blobs that at least one other node is known to hold.
    public var blobs: Int {
        table.withLock { $0.index.distinct }
    }

    /// Whether the operator named this address, in `peers.static` or by a name in `peers.dns`.
    public func isNamed(_ address: String) -> Bool {
        IPAddress(address).map(isNamed) ?? false
    }

    func isNamed(_ ip: IPAddress) -> Bool {
        table.withLock { $0.named.contains(ip) }
    }

    /// Whether a holder of the cluster key spoke from this address, or told of it. False without a key.
    public func isMember(_ address: String) -> Bool {
        guard let ip = IPAddress(address) else { return false }
        return table.withLock { $0.isMember(ip) }
    }

    /// Peers that are fetching the blob now, as they say, and are alive; with the size that they say it has.
    public func wanters(of digest: Digest) -> [(node: NodeID, size: Int64?)] {
        table.withLock { $0.wanters(of: digest, now: .now) }
    }

    // MARK: What became of it

    /// Tells what came of asking a peer. A refused connection, or one that took too long, sets the address aside at once, and the peer
    /// with its last address; three broken answers in a row do the same.
    public func report(_ outcome: PeerOutcome, of id: NodeID, address: PeerAddress) {
        table.withLock { $0.report(outcome, of: id, at: address, now: .now) }
    }

    /// A holder does not answer as fast as nodes of a LAN do; maybe those who went silent with it are gone, too. They are asked at once,
    /// so that nobody waits for one after another.
    public func doubt(holdersOf digest: Digest) {
        table.withLock { $0.doubt(holdersOf: digest, now: .now) }
        alarm.ring()
    }

    /// Nobody is known to hold the blob; whose newest digests begin as it does is asked for its inventory at once.
    /// - Returns: whether an answer is to be expected soon.
    func seek(_ digest: Digest) -> Bool {
        let isExpected = table.withLock { $0.seek(digest, now: .now) }
        if isExpected { alarm.ring() }
        return isExpected
    }

    /// A holder answered that it does not have the blob.
    public func withdraw(_ digest: Digest, of id: NodeID) {
        table.withLock { $0.withdraw(digest, of: id) }
    }

    // MARK: For the service

    /// Something other than the beacon tells of a node. To be repeated every minute for as long as it does: a node that was
    /// forgotten meanwhile is found again by that.
    func sighted(_ sighting: Sighting, now: ContinuousClock.Instant) {
        table.withLock { $0.sight(sighting, now: now) }
        alarm.ring()
    }

    /// It tells of the node no longer.
    func lost(_ id: NodeID, source: Peer.Source, now: ContinuousClock.Instant) {
        table.withLock { $0.lose(id, source: source, now: now) }
        alarm.ring()
    }

    func hear(
        _ beacon: Beacon, from source: IPAddress, now: ContinuousClock.Instant
    ) throws(BeaconDrop) -> (hearing: PeerTable.Hearing, wantsInquiry: Bool) {
        let result = table.withLock { table -> Result<(PeerTable.Hearing, Bool), BeaconDrop> in
            do throws(BeaconDrop) {
                return .success((try table.hear(beacon, from: source, now: now), !table.wanting.isEmpty))
            } catch {
                return .failure(error)
            }
        }
        let (hearing, wantsInquiry) = try result.get()
        return (hearing, wantsInquiry)
    }

    /// What the table may not know by itself: where it may look, and who is a neighbour.
    func configure(
        allows: @escaping @Sendable (IPAddress) -> Bool, isNeighbour: @escaping @Sendable (IPAddress) -> Bool
    ) {
        table.withLock { table in
            table.allows = allows
            table.isNeighbour = isNeighbour
        }
    }

    /// Makes these the addresses that the operator named.
    func name(_ addresses: Set<IPAddress>) {
        table.withLock { $0.named = addresses }
    }

    func lookAtNeighbourhood() {
        table.withLock { $0.lookAtNeighbourhood() }
    }

    func population(now: ContinuousClock.Instant) -> Int {
        table.withLock { $0.population(now: now) }
    }

    func links(port: Int, now: ContinuousClock.Instant) -> [BeaconTarget] {
        table.withLock { $0.links(port: port, now: now) }
    }

    func introductionsToNeighbours(isRound: Bool, now: ContinuousClock.Instant) -> [Beacon.Introduced] {
        table.withLock { $0.introductionsToNeighbours(isRound: isRound, now: now) }
    }

    func introductionsToLinks(
        port: Int, isRound: Bool, now: ContinuousClock.Instant
    ) -> [(BeaconTarget, [Beacon.Introduced])] {
        table.withLock { $0.introductionsToLinks(port: port, isRound: isRound, now: now) }
    }

    /// How many living holders of the blob answer a question before this node does, by an order that the question makes.
    func holdersBefore(_ own: NodeID, of digest: Digest, question: UInt64) -> Int {
        table.withLock { $0.holdersBefore(own, of: digest, question: question, now: .now) }
    }

    func isPeerAddress(_ ip: IPAddress) -> Bool {
        table.withLock { $0.isPeerAddress(ip) }
    }

    func startInquiries(now: ContinuousClock.Instant) -> (start: [Inquiry], next: ContinuousClock.Instant?) {
        table.withLock { $0.startInquiries(now: now) }
    }

    func finish(_ inquiry: Inquiry, document: NodeDocument?, now: ContinuousClock.Instant) {
        switch inquiry {
        case .node(let id, let address):
            table.withLock { $0.finishNode(id, at: address, document: document, now: now) }
        case .caller(let address):
            table.withLock { $0.finishCaller(at: address, document: document, now: now) }
        case .inventory:
            break
        }
    }

    func finish(_ inquiry: Inquiry, reading: InventoryReading?, now: ContinuousClock.Instant) {
        guard case .inventory(let id, let address, let epoch, _) = inquiry else { return }
        table.withLock { $0.finishInventory(id, at: address, epoch: epoch, reading: reading, now: now) }
    }

    /// A peer asked this node for the blob as one does that is fetching it. Returns the blobs of which that is news.
    func heard(_ id: NodeID, wants digest: Digest, now: ContinuousClock.Instant) -> Set<Digest> {
        table.withLock { $0.heard(id, wants: digest, now: now) }
    }

    /// Forgets who is no longer fetching; returns the blobs of which it has.
    func expireWants(now: ContinuousClock.Instant) -> Set<Digest> {
        table.withLock { $0.expireWants(now: now) }
    }

    /// Forgets the long silent; returns what the log should tell.
    func tick(now: ContinuousClock.Instant) -> [PeerEvent] {
        table.withLock { table in
            table.tick(now: now)
            return table.takeEvents()
        }
    }

    var limits: DirectoryLimits { table.withLock { $0.rules.limits } }
}
