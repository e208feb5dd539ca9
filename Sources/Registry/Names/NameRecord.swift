public import Discovery
public import OCI

/// What a name means: a register that the last writer wins.
public struct NameRecord: Hashable, Sendable {
    public var name: LocalName
    /// The manifest; of a deleted name the one that it meant.
    public var digest: Digest
    /// What the manifest is served as.
    public var mediaType: MediaType
    /// Of the manifest, in bytes.
    public var size: Int64
    /// Which word about this name counts: the higher one, everywhere.
    public var version: NameVersion
    public var isDeleted = false
    /// What the manifest refers to.
    public var subject: Digest?
    /// Whether it was pushed, loaded or tagged at this node, which then keeps what it leads to; else it was heard from another one.
    public var isOwn: Bool
    /// When this node came to know it: seconds since 1970 by its own clock.
    public var since: Int64

    public init(
        name: LocalName, digest: Digest, mediaType: MediaType, size: Int64, version: NameVersion,
        isDeleted: Bool = false, subject: Digest? = nil, isOwn: Bool, since: Int64
    ) {
        self.name = name
        self.digest = digest
        self.mediaType = mediaType
        self.size = size
        self.version = version
        self.isDeleted = isDeleted
        self.subject = subject
        self.isOwn = isOwn
        self.since = since
    }
}
