/// What the agent is and does at one moment: the answer of `/api/v1/status`.
///
/// The JSON is a contract: fields are only ever added. Words that may grow (`state`, `sources`) are text here, so that an
/// older command line reads a newer agent.
public struct StatusSnapshot: Codable, Sendable, Equatable {
    /// Version of the form, not of the agent.
    public var schema = 1
    public var node: NodeStatus
    /// Shoal's own store.
    public var store: StoreStatus
    /// All that is offered to peers.
    public var shared: ContentCount
    public var peers: [PeerStatus]
    /// Payload since the start.
    public var bytes: ByteCounts
    /// The same since local midnight, restarts included; nil from an agent of before it was counted, as the next two.
    public var today: ByteCounts?
    /// What the registries did not have to send.
    public var saved: SavedBytes?
    /// How this node stands with containerd.
    public var containerd: ContainerdStatus?
    /// The mirror's GETs of blobs and manifests.
    public var requests: RequestCounts
    /// What fetching together with others came to, since the start.
    public var swarm: SwarmRecord
    public var transfers: [TransferRecord]
    /// One sentence each, for the operator.
    public var warnings: [String]

    /// Makes a snapshot of its parts.
    public init(
        node: NodeStatus, store: StoreStatus, shared: ContentCount, peers: [PeerStatus], bytes: ByteCounts,
        today: ByteCounts? = nil, saved: SavedBytes? = nil, containerd: ContainerdStatus? = nil,
        requests: RequestCounts, swarm: SwarmRecord, transfers: [TransferRecord], warnings: [String]
    ) {
        self.node = node
        self.store = store
        self.shared = shared
        self.peers = peers
        self.bytes = bytes
        self.today = today
        self.saved = saved
        self.containerd = containerd
        self.requests = requests
        self.swarm = swarm
        self.transfers = transfers
        self.warnings = warnings
    }
}

/// Who the agent is.
public struct NodeStatus: Codable, Sendable, Equatable {
    /// 32 hexadecimal digits.
    public var id: String
    /// The host's name.
    public var name: String
    public var version: String
    public var uptimeSeconds: Int64
    /// Nil where the system does not say.
    public var files: FileUsage?

    /// Makes the record of its parts.
    public init(
        id: String, name: String, version: String = AgentVersion.current, uptimeSeconds: Int64, files: FileUsage? = nil
    ) {
        self.id = id
        self.name = name
        self.version = version
        self.uptimeSeconds = uptimeSeconds
        self.files = files
    }

    enum CodingKeys: String, CodingKey {
        case id, name, version, files
        case uptimeSeconds = "uptime_s"
    }
}

/// How full Shoal's own store is; sizes in bytes.
public struct StoreStatus: Codable, Sendable, Equatable {
    public var blobs: Int
    public var bytes: Int64
    public var capacity: Int64

    /// Makes the record of its parts.
    public init(blobs: Int, bytes: Int64, capacity: Int64) {
        self.blobs = blobs
        self.bytes = bytes
        self.capacity = capacity
    }
}

/// A number of blobs and their bytes.
public struct ContentCount: Codable, Sendable, Equatable {
    public var blobs: Int
    public var bytes: Int64

    /// Makes the record of its parts.
    public init(blobs: Int, bytes: Int64) {
        self.blobs = blobs
        self.bytes = bytes
    }
}

/// Payload bytes since the start: duplicates and manifests included, headers not.
public struct ByteCounts: Codable, Sendable, Equatable {
    /// Read from stores.
    public var store: Int64
    /// Received from peers.
    public var peers: Int64
    /// Received from upstream.
    public var upstream: Int64
    public var servedToPeers: Int64

    /// Makes the record of its parts.
    public init(store: Int64, peers: Int64, upstream: Int64, servedToPeers: Int64) {
        self.store = store
        self.peers = peers
        self.upstream = upstream
        self.servedToPeers = servedToPeers
    }

    enum CodingKeys: String, CodingKey {
        case store, peers, upstream
        case servedToPeers = "served_to_peers"
    }
}

/// What the registries did not have to send.
public struct SavedBytes: Codable, Sendable, Equatable {
    /// Bytes of blobs that went to this node's readers through the mirror, and had not come from upstream; since the start.
    public var upstream: Int64

    /// Makes the record of its part.
    public init(upstream: Int64) {
        self.upstream = upstream
    }

    enum CodingKeys: String, CodingKey {
        case upstream = "upstream_bytes"
    }
}

/// The mirror's GETs of blobs and manifests; a hit needed no byte from upstream.
public struct RequestCounts: Codable, Sendable, Equatable {
    public var hits: Int64
    public var misses: Int64

    /// Makes the record of its parts.
    public init(hits: Int64, misses: Int64) {
        self.hits = hits
        self.misses = misses
    }
}

/// What fetching together with others came to.
public struct SwarmRecord: Codable, Sendable, Equatable {
    /// Shares of upstream's pieces that went from one node to another.
    public var ownershipMoves: Int64
    /// Pieces asked of a second source because the first was late.
    public var hedges: Int64
    /// Bytes that came although they were here already.
    public var duplicateBytes: Int64
    /// Pieces that were not what had been claimed of them.
    public var damagedPieces: Int64
    /// Pieces given to peers of blobs that were not whole here yet.
    public var piecesServedEarly: Int64

    /// Makes the record of its parts.
    public init(
        ownershipMoves: Int64, hedges: Int64, duplicateBytes: Int64, damagedPieces: Int64, piecesServedEarly: Int64
    ) {
        self.ownershipMoves = ownershipMoves
        self.hedges = hedges
        self.duplicateBytes = duplicateBytes
        self.damagedPieces = damagedPieces
        self.piecesServedEarly = piecesServedEarly
    }

    enum CodingKeys: String, CodingKey {
        case hedges
        case ownershipMoves = "ownership_moves"
        case duplicateBytes = "duplicate_bytes"
        case damagedPieces = "damaged_pieces"
        case piecesServedEarly = "pieces_served_early"
    }
}
