public import OCI

/// A download under way, for people to look at.
public struct TransferStatus: Sendable, Codable, Equatable {
    public var digest: Digest
    /// Nil until a source has said it.
    public var size: Int64?
    /// Bytes that are here, verified or not.
    public var present: Int64
    public var readers: Int
    /// Where the bytes came from so far.
    public var fromPeers: Int64
    public var fromUpstream: Int64
    public var seconds: Double

    enum CodingKeys: String, CodingKey {
        case digest, size, present, readers, seconds
        case fromPeers = "from_peers"
        case fromUpstream = "from_upstream"
    }
}
