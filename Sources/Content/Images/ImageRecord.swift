public import OCI

/// One entry of `index.json`: a manifest or index that this node knows, and where it came from.
public struct ImageRecord: Sendable, Hashable {
    /// The name under which it is known; nil where only its digest is.
    public var reference: ImageReference?
    /// The repository that has it upstream; nil for what was pushed here. A reference with a registry decides it.
    public var origin: Origin?
    /// The manifest or index.
    public var digest: Digest
    /// What it is to be served as.
    public var mediaType: MediaType
    /// Of the manifest itself, in bytes.
    public var size: Int64
    /// When upstream, or a push, last said so: seconds since 1970 by this node's clock.
    public var knownGood: Int64

    /// Makes a record.
    public init(
        reference: ImageReference?, origin: Origin?, digest: Digest, mediaType: MediaType, size: Int64,
        knownGood: Int64
    ) {
        self.reference = reference
        self.origin = origin
        self.digest = digest
        self.mediaType = mediaType
        self.size = size
        self.knownGood = knownGood
    }
}
