import Content
import Discovery
import OCI

/// The rule of trust: what this node offers to its peers.
///
/// Without a cluster key that is public content by digest and nothing else; with one, everything that the patterns allow, tags too.
struct SharePolicy: Equatable, Sendable {
    var hasKey: Bool
    var include: [SharePattern]
    var exclude: [SharePattern]

    /// What is offered of a node's content.
    struct Offer: Equatable, Sendable {
        var blobs: [InventoryEntry]
        var references: [ReferenceOffer]
    }

    /// Whether an image may be offered.
    /// - Parameter isPublic: whether upstream hands it out anonymously; nil where nobody has asked yet.
    func allows(_ origin: Origin?, isPublic: Bool?) -> Bool {
        if let origin, exclude.contains(where: { $0.matches(origin) }) { return false }
        let isNamed = origin.map { origin in include.contains { $0.matches(origin) } } ?? false
        return hasKey ? include.isEmpty || isNamed : isNamed || isPublic == true
    }

    /// - Parameters:
    ///   - images: the catalog.
    ///   - blobs: all complete, verified blobs.
    ///   - children: what a held manifest names.
    func offer(images: [ImageRecord], blobs: [BlobInfo], children: (Digest) -> [Digest]) -> Offer {
        var offered: Set<Digest> = []
        var refused: Set<Digest> = []
        var references: [ReferenceOffer] = []
        for image in images {
            if allows(image.origin, isPublic: image.isPublic) {
                Self.close(over: image.digest, children, into: &offered)
                if hasKey, let reference = image.reference {
                    references.append(
                        ReferenceOffer(
                            reference: reference, digest: image.digest, mediaType: image.mediaType,
                            knownGood: image.knownGood))
                }
            } else {
                Self.close(over: image.digest, children, into: &refused)
            }
        }
        // With the key, content that no image is known to need is offered too, unless the operator has chosen what is.
        let takesUnknown = hasKey && include.isEmpty
        let entries = blobs.filter { blob in
            offered.contains(blob.digest) || (takesUnknown && !refused.contains(blob.digest))
        }
        return Offer(
            blobs: entries.map { InventoryEntry(digest: $0.digest, size: $0.size) }, references: references)
    }

    private static func close(over digest: Digest, _ children: (Digest) -> [Digest], into set: inout Set<Digest>) {
        var pending = [digest]
        while let next = pending.popLast() {
            if set.insert(next).inserted { pending += children(next) }
        }
    }
}
