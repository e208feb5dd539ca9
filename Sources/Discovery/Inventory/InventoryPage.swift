public import OCI

/// What `GET /v1/inventory` answers: the whole inventory in pages, or what changed since a version.
public struct InventoryPage: Codable, Sendable, Equatable {
    public var epoch: UInt64
    /// What the reader has come to once it has the last page: of a full inventory the version at its *first* page counts,
    /// and changes that were made while it was read come as a delta after it.
    public var version: UInt64
    /// Whether `added` and `references` are all there is, over all pages; otherwise they are changes.
    public var full: Bool
    public var added: [InventoryEntry]
    public var removed: [Digest]
    public var references: [ReferenceEntry]
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
