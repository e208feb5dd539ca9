public import OCI

/// A download under way.
public struct TransferRecord: Codable, Sendable, Equatable {
    public var digest: Digest
    /// Nil until a source has said it.
    public var size: Int64?
    /// Bytes that are here, verified or not.
    public var present: Int64
    /// Who reads it meanwhile: requests of the runtime and of peers.
    public var readers: Int
    public var fromPeers: Int64
    public var fromUpstream: Int64
    /// Since it began.
    public var seconds: Double

    /// Makes the record of its parts.
    public init(
        digest: Digest, size: Int64?, present: Int64, readers: Int, fromPeers: Int64, fromUpstream: Int64,
        seconds: Double
    ) {
        self.digest = digest
        self.size = size
        self.present = present
        self.readers = readers
        self.fromPeers = fromPeers
        self.fromUpstream = fromUpstream
        self.seconds = seconds
    }

    enum CodingKeys: String, CodingKey {
        case digest, size, present, readers, seconds
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
