public import OCI

/// A blob that a node holds whole.
public struct InventoryEntry: Hashable, Sendable {
    public var digest: Digest
    /// Bytes.
    public var size: Int64
    /// Whether the node has hashed all of it and found it right. What its runtime holds and the node has not read yet is offered
    /// unproven: taken where nobody has it proven.
    public var isProven: Bool

    public init(digest: Digest, size: Int64, isProven: Bool = true) {
        self.digest = digest
        self.size = size
        self.isProven = isProven
    }
}

/// `"unproven": true` where it is so, and nothing where it is not.
extension InventoryEntry: Codable {
    private enum CodingKeys: CodingKey {
        case digest
        case size
        case unproven
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        digest = try container.decode(Digest.self, forKey: .digest)
        size = try container.decode(Int64.self, forKey: .size)
        isProven = try container.decodeIfPresent(Bool.self, forKey: .unproven) != true
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(digest, forKey: .digest)
        try container.encode(size, forKey: .size)
        if !isProven { try container.encode(true, forKey: .unproven) }
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
