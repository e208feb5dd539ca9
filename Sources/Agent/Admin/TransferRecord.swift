public import OCI

/// A download under way.
public struct TransferRecord: Codable, Sendable, Equatable {
    /// Where bytes of it came from.
    public struct Source: Codable, Sendable, Equatable {
        /// `peer` or `upstream`.
        public var kind: String
        /// The peer's id; nil for upstream.
        public var id: String?
        public var bytes: Int64

        /// Makes the record of its parts.
        public init(kind: String, id: String? = nil, bytes: Int64) {
            self.kind = kind
            self.id = id
            self.bytes = bytes
        }
    }

    public var digest: Digest
    /// Nil until a source has said it.
    public var size: Int64?
    /// Bytes that are here, verified or not.
    public var present: Int64
    /// Which of its pieces of 4 MiB are here whole, as in `Shoal-Pieces` (`0-3,7`), and how many there are; nil until the size is known.
    public var pieces: String?
    public var pieceCount: Int?
    /// Who reads it meanwhile: requests of the runtime.
    public var readers: Int
    public var fromPeers: Int64
    public var fromUpstream: Int64
    /// Those that gave the most, at most 16, the most first.
    public var sources: [Source]
    /// Bytes a second, lately.
    public var rate: Int64
    /// Since it began.
    public var seconds: Double

    /// Makes the record of its parts.
    public init(
        digest: Digest, size: Int64?, present: Int64, pieces: String? = nil, pieceCount: Int? = nil, readers: Int,
        fromPeers: Int64, fromUpstream: Int64, sources: [Source] = [], rate: Int64 = 0, seconds: Double
    ) {
        self.digest = digest
        self.size = size
        self.present = present
        self.pieces = pieces
        self.pieceCount = pieceCount
        self.readers = readers
        self.fromPeers = fromPeers
        self.fromUpstream = fromUpstream
        self.sources = sources
        self.rate = rate
        self.seconds = seconds
    }

    enum CodingKeys: String, CodingKey {
        case digest, size, present, pieces, readers, sources, rate, seconds
        case pieceCount = "piece_count"
        case fromPeers = "from_peers"
        case fromUpstream = "from_upstream"
    }
}

/// The answer of `/api/v1/transfers`.
public struct TransfersSnapshot: Codable, Sendable, Equatable {
    public var schema = 1
    public var transfers: [TransferRecord]

    /// The transfers of a status.
    public init(transfers: [TransferRecord]) {
        self.transfers = transfers
    }
}
