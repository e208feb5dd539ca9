import Content
import Discovery
import OCI

/// The rule of trust: what this node offers to its peers.
///
/// Without a cluster key that is public content by digest and nothing else; with one, everything that the patterns allow, tags too.
/// A blob that belongs to several images is offered if one of them is.
struct SharePolicy: Equatable, Sendable {
    var hasKey: Bool
    var include: [SharePattern]
    var exclude: [SharePattern]
    var privateImages = PrivateImages.offer

    /// What is offered of a node's content.
    struct Offer: Equatable, Sendable {
        var blobs: [InventoryEntry]
        var references: [ReferenceOffer]
        /// All that images which may be offered are made of, here or not.
        var parts: Set<Digest> = []
        /// All that any image known here is made of.
        var knownParts: Set<Digest> = []
    }

    /// Whether images of a repository may be offered.
    /// - Parameters:
    ///   - origin: nil for what belongs to no registry: it was pushed or imported here.
    ///   - isPublic: whether upstream hands the image out anonymously; nil where nobody has asked yet.
    func allows(_ origin: Origin?, isPublic: Bool?) -> Bool {
        if let origin, exclude.contains(where: { $0.matches(origin) }) { return false }
        let isNamed = origin.map { origin in include.contains { $0.matches(origin) } } ?? false
        let isKeptBack = privateImages == .never && origin != nil && isPublic != true
        return hasKey ? (include.isEmpty || isNamed) && !isKeptBack : isNamed && !isKeptBack || isPublic == true
    }

    /// The images whose offer hangs on whether upstream hands them to anybody.
    func questions(about content: SharedContent) -> [PublicAnswers.Image] {
        var decisions: [Origin: Bool] = [:]
        var seen: Set<PublicAnswers.Image> = []
        return content.images.flatMap { image in
            repositories(of: image, content).compactMap { origin in
                let decides = decisions[origin] ?? (allows(origin, isPublic: true) != allows(origin, isPublic: false))
                decisions[origin] = decides
                let question = PublicAnswers.Image(origin: origin, digest: image.digest)
                return decides && seen.insert(question).inserted ? question : nil
            }
        }
    }

    /// - Parameter isPublic: what upstream said of a manifest in a repository; nil where it has not been asked.
    func offer(_ content: SharedContent, isPublic: (Digest, Origin) -> Bool?) -> Offer {
        let sizes = Dictionary(content.blobs.map { ($0.digest, $0.size) }, uniquingKeysWith: { first, _ in first })
        var offered = ContentClosure(content.children)
        var known = ContentClosure(content.children)
        var references: [ReferenceOffer] = []
        for image in content.images {
            known.add(image.digest)
            let isNameAllowed = allows(image.origin, isPublic: image.origin.flatMap { isPublic(image.digest, $0) })
            let repositories = repositories(of: image, content)
            guard
                repositories.isEmpty
                    ? isNameAllowed
                    : repositories.contains(where: { allows($0, isPublic: isPublic(image.digest, $0)) })
            else { continue }
            offered.add(image.digest)
            // A tag is worth telling when what it leads to can be had here; both are told at once.
            if hasKey, isNameAllowed, let reference = image.reference, image.isComplete(content.children, sizes) {
                references.append(ReferenceOffer(image, reference))
            }
        }
        let entries = content.blobs.filter { blob in
            offered.contains(blob.digest) || !known.contains(blob.digest) && allowsUnknown(content.origins(blob.digest))
        }
        return Offer(
            blobs: entries.map {
                InventoryEntry(digest: $0.digest, size: $0.size, isProven: content.isProven($0.digest))
            }, references: references, parts: offered.digests, knownParts: known.digests)
    }

    /// Where the image is from: by its name, and by the labels of its manifest.
    private func repositories(of image: ImageRecord, _ content: SharedContent) -> Set<Origin> {
        // What was pushed to the local namespace is that namespace's, wherever its parts came from.
        if image.origin == nil, image.reference != nil { return [] }
        return Set(content.origins(image.digest)).union(image.origin.map { [$0] } ?? [])
    }

    /// Content that no image is known to need: it may be on its way, or an image's that was removed.
    func allowsUnknown(_ origins: [Origin]) -> Bool {
        guard !origins.isEmpty else { return hasKey && include.isEmpty && privateImages == .offer }
        return origins.contains { allows($0, isPublic: nil) }
    }
}

extension ReferenceOffer {
    fileprivate init(_ image: ImageRecord, _ reference: ImageReference) {
        self.init(
            reference: reference, digest: image.digest, mediaType: image.mediaType, knownGood: image.knownGood)
    }
}
