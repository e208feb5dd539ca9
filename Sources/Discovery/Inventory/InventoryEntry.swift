public import OCI

/// A blob that a node holds whole and verified.
public struct InventoryEntry: Hashable, Sendable, Codable {
    public var digest: Digest
    /// Bytes.
    public var size: Int64

    public init(digest: Digest, size: Int64) {
        self.digest = digest
        self.size = size
    }
}

/// What a node knows of a tag, as it tells others.
public struct ReferenceEntry: Hashable, Sendable, Codable {
    public var reference: ImageReference
    public var digest: Digest
    public var mediaType: MediaType
    /// Seconds since the registry last said so, when sent. An age and no date: the clocks of nodes need not agree.
    public var ageSeconds: UInt64

    public init(reference: ImageReference, digest: Digest, mediaType: MediaType, ageSeconds: UInt64) {
        self.reference = reference
        self.digest = digest
        self.mediaType = mediaType
        self.ageSeconds = ageSeconds
    }
}

/// What this node knows of a tag.
public struct ReferenceOffer: Hashable, Sendable {
    public var reference: ImageReference
    public var digest: Digest
    public var mediaType: MediaType
    /// When the registry (or a push) last said so: seconds since 1970 by this node's clock.
    public var knownGood: Int64

    public init(reference: ImageReference, digest: Digest, mediaType: MediaType, knownGood: Int64) {
        self.reference = reference
        self.digest = digest
        self.mediaType = mediaType
        self.knownGood = knownGood
    }

    func entry(at now: Int64) -> ReferenceEntry {
        ReferenceEntry(
            reference: reference, digest: digest, mediaType: mediaType, ageSeconds: UInt64(max(0, now - knownGood)))
    }
}
