public import OCI

/// A request for a blob, or for a part of it.
public struct BlobQuestion: Sendable {
    public var digest: Digest
    /// Where upstream has it; nil where nobody said: then only this node and the LAN can answer.
    public var origin: Origin?
    /// Who asks, and as whom upstream is asked.
    public var identity: UpstreamIdentity
    public var range: RangeRequest

    public init(digest: Digest, origin: Origin?, as identity: UpstreamIdentity = .node, range: RangeRequest = .whole) {
        self.digest = digest
        self.origin = origin
        self.identity = identity
        self.range = range
    }
}
