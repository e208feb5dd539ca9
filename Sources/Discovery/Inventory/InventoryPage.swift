public import OCI

/// What `GET /v1/inventory` answers: the whole inventory in pages, or what changed since a version.
public struct InventoryPage: Sendable, Equatable {
    public var epoch: UInt64
    /// What the reader has come to once it has the last page: of a full inventory the version at its *first* page counts,
    /// and changes that were made while it was read come as a delta after it.
    public var version: UInt64
    /// Whether `added` and `references` are all there is, over all pages; otherwise they are changes.
    public var full: Bool
    public var added: [InventoryEntry]
    public var removed: [Digest]
    /// Names, deleted ones too: that a name is gone is told like anything else of it.
    public var references: [ReferenceEntry]
    /// Names of which nothing is told any more.
    public var removedReferences: [ImageReference]
    /// Asks for the next page; nil on the last one.
    public var next: String?

    public init(
        epoch: UInt64, version: UInt64, full: Bool, added: [InventoryEntry] = [], removed: [Digest] = [],
        references: [ReferenceEntry] = [], removedReferences: [ImageReference] = [], next: String? = nil
    ) {
        self.epoch = epoch
        self.version = version
        self.full = full
        self.added = added
        self.removed = removed
        self.references = references
        self.removedReferences = removedReferences
        self.next = next
    }
}

/// Manifests by their digests have keys of their own, `manifests` and `removedManifests`, which are left out where there are none: agents
/// that know of tags only pass over these keys, and take no page that has anything else in `references`.
extension InventoryPage: Codable {
    private enum CodingKeys: CodingKey {
        case epoch, version, full, added, removed, references, removedReferences, next
        case manifests, removedManifests
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        epoch = try container.decode(UInt64.self, forKey: .epoch)
        version = try container.decode(UInt64.self, forKey: .version)
        full = try container.decode(Bool.self, forKey: .full)
        added = try container.decode([InventoryEntry].self, forKey: .added)
        removed = try container.decode([Digest].self, forKey: .removed)
        references = try container.decode([ReferenceEntry].self, forKey: .references)
        references += try container.decodeIfPresent([ReferenceEntry].self, forKey: .manifests) ?? []
        removedReferences = try container.decode([ImageReference].self, forKey: .removedReferences)
        removedReferences += try container.decodeIfPresent([ImageReference].self, forKey: .removedManifests) ?? []
        next = try container.decodeIfPresent(String.self, forKey: .next)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(epoch, forKey: .epoch)
        try container.encode(version, forKey: .version)
        try container.encode(full, forKey: .full)
        try container.encode(added, forKey: .added)
        try container.encode(removed, forKey: .removed)
        try container.encode(references.filter { !$0.reference.isLocalManifest }, forKey: .references)
        try container.encode(removedReferences.filter { !$0.isLocalManifest }, forKey: .removedReferences)
        let manifests = references.filter(\.reference.isLocalManifest)
        if !manifests.isEmpty { try container.encode(manifests, forKey: .manifests) }
        let removedManifests = removedReferences.filter(\.isLocalManifest)
        if !removedManifests.isEmpty { try container.encode(removedManifests, forKey: .removedManifests) }
        try container.encodeIfPresent(next, forKey: .next)
    }
}
