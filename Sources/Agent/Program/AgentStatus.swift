import Content
import Discovery
import Gateway
import OCI
import Synchronization
import SystemPackage
import Transfer

/// What the admin endpoint tells, gathered from the parts when it is asked.
final class AgentStatus: AdminSource {
    /// For so long the LAN is asked who has what nobody is known to have.
    private static let askingTime: Duration = .milliseconds(300)

    private let identity: NodeIdentity
    private let content: NodeContent
    private let inventory: Inventory
    private let directory: Directory
    private let discovery: DiscoveryService
    private let fetcher: BlobFetcher
    private let resolver: ManifestResolver
    private let blamed: BlamedPeers
    private let counters: TransferCounters
    private let totals: Meters
    private let slots: UploadSlots
    private let proofWork: @Sendable () -> HashingTally.Work
    private let dataDirectory: FilePath
    private let warnings: @Sendable () -> [String]
    private let isContainerdNamed: Bool
    private let started = ContinuousClock.now
    private let isReady = Atomic(false)

    /// - Parameter warnings: what other parts have to say now, a sentence each.
    init(
        identity: NodeIdentity, content: NodeContent, inventory: Inventory, directory: Directory,
        discovery: DiscoveryService, fetcher: BlobFetcher, resolver: ManifestResolver, blamed: BlamedPeers,
        counters: TransferCounters, meters: Meters, slots: UploadSlots,
        proofWork: @escaping @Sendable () -> HashingTally.Work, dataDirectory: FilePath,
        warnings: @escaping @Sendable () -> [String], isContainerdNamed: Bool
    ) {
        self.identity = identity
        self.content = content
        self.inventory = inventory
        self.directory = directory
        self.discovery = discovery
        self.fetcher = fetcher
        self.resolver = resolver
        self.blamed = blamed
        self.counters = counters
        totals = meters
        self.slots = slots
        self.proofWork = proofWork
        self.dataDirectory = dataDirectory
        self.warnings = warnings
        self.isContainerdNamed = isContainerdNamed
    }

    func setReady() { isReady.store(true, ordering: .releasing) }

    func readiness() async -> Readiness {
        isReady.load(ordering: .acquiring) ? .ready : .notReady("the listeners are not bound yet")
    }

    /// The status in one line, for whoever supervises the agent.
    func line() async -> String {
        guard case .ready = await readiness() else { return "Starting" }
        return "Ready: \(Figures.count(inventory.count, "blob")) shared, "
            + "\(Figures.count(directory.peers().count, "peer")), \(Figures.count(fetcher.transfers.count, "transfer"))"
    }

    func status() async -> StatusSnapshot {
        let usage = content.layout.usage
        let counts = counters.snapshot
        return StatusSnapshot(
            node: NodeStatus(
                id: identity.id.description, name: identity.name,
                uptimeSeconds: started.duration(to: .now).components.seconds, files: FileUsage.now),
            store: StoreStatus(blobs: usage.blobs, bytes: usage.bytes, capacity: usage.capacity),
            shared: ContentCount(blobs: inventory.count, bytes: inventory.totalBytes),
            peers: peers, bytes: ByteCounts(counts), today: totals.today,
            saved: SavedBytes(upstream: totals.readers.bytes.saved),
            containerd: ContainerdStatus(content.runtime?.state ?? .off),
            requests: RequestCounts(hits: counts.hits, misses: counts.misses), swarm: SwarmRecord(counts.swarm),
            transfers: fetcher.transfers.map(TransferRecord.init),
            warnings: warnings() + [containerdWarning, discovery.mdns.warning].compactMap(\.self)
                + blamed.all.map(warning) + MachineChecks.warnings(of: dataDirectory, files: FileUsage.now))
    }

    private var peers: [PeerStatus] {
        let received = counters.receivedByPeer
        let blamed = Set(blamed.all.map(\.peer))
        return directory.peers().map {
            PeerStatus($0, received: received[$0.id] ?? 0, blamed: blamed.contains($0.id))
        }.sorted { ($0.name, $0.id) < ($1.name, $1.id) }
    }

    func meters() async -> MetersSnapshot {
        let counts = counters.snapshot
        var meters = MetersSnapshot()
        meters.mirrorRequests = totals.mirror.snapshot
        meters.peerRequests = totals.peerRoutes.snapshot
        meters.mirrorRefusals = totals.mirrorRefusals.snapshot
        meters.peerRefusals = totals.peerRefusals.snapshot
        meters.mirrorBytes = totals.mirror.bytes
        meters.peerBytes = totals.peerRoutes.bytes
        meters.readers = totals.readers
        meters.downloads = counts.downloads
        meters.pieces = counts.swarm.pieces
        meters.arrivingWork = counters.hashing.work
        meters.storedWork = proofWork()
        meters.indexedBlobs = directory.blobs
        meters.indexedPairs = directory.entries
        meters.discovery = discovery.counters
        meters.uploads = slots.inUse
        meters.uploadLimit = slots.limit
        meters.uploadRefusals = slots.refusals
        return meters
    }

    func history() async -> HistorySnapshot? { totals.history }

    private func warning(of blame: BlamedPeers.Blame) -> String {
        let name = directory.peer(blame.peer).map { "\($0.name) (\(blame.peer))" } ?? "node \(blame.peer)"
        let minutes = BlamedPeers.duration.components.seconds / 60
        let pieces = blame.pieces == 0 ? "" : " (\(Figures.count(blame.pieces, "piece")))"
        return "\(name) \(blame.isConvicted ? "sent" : "may have sent") wrong bytes of "
            + "\(Figures.count(blame.blobs, "blob"))\(pieces); it is not asked for "
            + "\(blame.isShunned ? "anything" : "them") for \(minutes) minutes: run `shoal verify` there"
    }

    private var containerdWarning: String? {
        content.runtime?.state.warning(isNamed: isContainerdNamed)
    }

    // MARK: Who has what

    func locate(_ query: LocateQuery) async -> LocateSnapshot {
        switch query {
        case .digest(let digest):
            if holders(of: digest).isEmpty { _ = await discovery.questions.whoHas(digest, wait: Self.askingTime) }
            return LocateSnapshot(query: query, blobs: [blob(digest, size: nil)].filter(isHeld))
        case .image(let reference):
            guard let digest = await digest(of: reference) else { return LocateSnapshot(query: query, blobs: []) }
            return LocateSnapshot(query: query, blobs: await blobs(of: digest, reference))
        }
    }

    private func digest(of reference: ImageReference) async -> Digest? {
        if let digest = reference.digest ?? content.image(for: reference)?.digest { return digest }
        var claims = directory.claims(for: reference)
        if claims.isEmpty { claims = await discovery.questions.whoHas(reference, wait: Self.askingTime) }
        if let claim = claims.first { return claim.isDeleted ? nil : claim.digest }
        // Without a cluster key nobody's word on tags counts but upstream's.
        guard let tag = reference.tag, let origin = reference.origin else { return nil }
        return await resolver.upstreamsDigest(of: tag, at: origin)
    }

    /// The manifest, what it names, and for an index what those of its manifests name that somebody holds.
    private func blobs(of digest: Digest, _ reference: ImageReference) async -> [LocateSnapshot.Blob] {
        var result = [blob(digest, size: nil)]
        guard let document = await manifest(digest, reference.origin) else { return result.filter(isHeld) }
        result += document.blobs.map { blob($0.digest, size: $0.size) }
        for child in document.children {
            let listed = blob(child.digest, size: child.size)
            guard isHeld(listed) else { continue }
            result.append(listed)
            let manifest = await manifest(child.digest, reference.origin)
            result += (manifest?.blobs ?? []).map { blob($0.digest, size: $0.size) }
        }
        return result
    }

    private func manifest(_ digest: Digest, _ origin: Origin?) async -> ManifestDocument? {
        guard let origin else { return try? await resolver.onLAN(digest).document }
        return await resolver.onLAN(digest, at: origin)
    }

    private func holders(of digest: Digest) -> [Directory.Holder] { directory.holders(of: digest) }

    private func isHeld(_ blob: LocateSnapshot.Blob) -> Bool { blob.here || !blob.peers.isEmpty }

    /// Who has a blob.
    /// - Parameter size: as far as somebody else says it.
    func blob(_ digest: Digest, size: Int64?) -> LocateSnapshot.Blob {
        let holders = holders(of: digest)
        let here = content.size(of: digest)
        return LocateSnapshot.Blob(
            digest: digest, size: here ?? size ?? holders.compactMap(\.size).first, here: here != nil,
            peers: holders.map { .init(id: $0.peer.id.description, name: $0.peer.name, complete: true) })
    }
}

extension PeerStatus {
    init(_ peer: Peer, received: Int64, blamed: Bool) {
        self.init(
            id: peer.id.description, name: peer.name, addresses: peer.addresses.map(\.description),
            state: peer.state.rawValue, sources: peer.sources.map(\.rawValue).sorted(), blobs: peer.blobs,
            receivedBytes: received, blamed: blamed)
    }
}

extension TransferRecord {
    /// How many of its sources are named.
    private static let namedSources = 16

    init(_ transfer: TransferStatus) {
        let peers = transfer.bytes.peers.map { Source(kind: "peer", id: $0.key.description, bytes: $0.value) }
        let upstream = transfer.bytes.upstream
        let sources = (upstream > 0 ? [Source(kind: "upstream", bytes: upstream)] : []) + peers
        self.init(
            digest: transfer.digest, size: transfer.size, present: transfer.present, pieces: transfer.pieces?.text,
            pieceCount: transfer.pieces?.count, readers: transfer.readers, fromPeers: transfer.bytes.fromPeers,
            fromUpstream: upstream,
            sources: Array(
                sources.sorted { ($0.bytes, $1.id ?? "") > ($1.bytes, $0.id ?? "") }.prefix(Self.namedSources)),
            rate: transfer.rate, seconds: transfer.seconds)
    }
}

extension SwarmRecord {
    init(_ counts: SwarmCounts) {
        self.init(
            ownershipMoves: counts.moves, hedges: counts.hedges, duplicateBytes: counts.duplicateBytes,
            damagedPieces: counts.damaged, piecesServedEarly: counts.servedEarly)
    }
}
