import OCI

/// An inventory as it is read page by page: checked, and bounded however long the peer goes on.
struct InventoryReading: Sendable, Equatable {
    static let pages = 64

    private(set) var epoch: UInt64
    /// Of the first page: what changed later comes as a delta after this.
    private(set) var version: UInt64
    private(set) var isFull: Bool
    private(set) var added: [InventoryEntry] = []
    private(set) var removed: [Digest] = []
    private(set) var references: [ReferenceEntry] = []
    private(set) var removedReferences: [ImageReference] = []
    /// More was to come than is kept of one peer.
    private(set) var isCut = false
    private(set) var next: String?

    private let limits: DirectoryLimits
    private var read = 0

    init(_ page: InventoryPage, limits: DirectoryLimits) throws(DiscoveryError) {
        self.limits = limits
        epoch = page.epoch
        version = page.version
        isFull = page.full
        try append(page)
    }

    /// - Throws: `.answerInvalid` where the page does not follow the ones before, or holds what cannot be.
    mutating func append(_ page: InventoryPage) throws(DiscoveryError) {
        guard page.epoch == epoch, page.full == isFull, page.version >= version else {
            throw DiscoveryError(.answerInvalid, "the peer started anew while its inventory was read; it is read again")
        }
        guard page.added.allSatisfy({ $0.size >= 0 && UInt64($0.size) <= BeaconLimits.blobSize }) else {
            throw DiscoveryError(.answerInvalid, "a blob in the peer's inventory has an impossible size")
        }
        guard page.references.allSatisfy(\.isPossible) else {
            throw DiscoveryError(
                .answerInvalid,
                "a reference in the peer's inventory is neither a tag nor a manifest of the local namespace, "
                    + "or says what cannot be so")
        }
        read += 1
        added += page.added.prefix(limits.digestsPerPeer - added.count)
        removed += page.removed.prefix(limits.digestsPerPeer - removed.count)
        references += page.references.prefix(limits.referencesPerPeer - references.count)
        removedReferences += page.removedReferences.prefix(limits.referencesPerPeer - removedReferences.count)
        let isFilled = added.count >= limits.digestsPerPeer && references.count >= limits.referencesPerPeer
        isCut = page.next != nil && (read >= Self.pages || isFilled)
        next = isCut ? nil : page.next
    }
}
