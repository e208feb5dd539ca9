import Content
import Discovery
import OCI
import Registry

/// The rule of trust: what this node offers to its peers.
///
/// Without a cluster key that is public content by digest and nothing else; with one, everything that the patterns allow, tags too.
/// What the operator names is offered without a key, too, and its tags where anybody's count (`tags.believe = "lan"`).
/// A blob that belongs to several images is offered if one of them is.
struct SharePolicy: Equatable, Sendable {
    var hasKey: Bool
    var include: [SharePattern]
    var exclude: [SharePattern]
    var privateImages = PrivateImages.offer
    /// Whether anybody's word on tags counts.
    var believesLAN = false

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
    ///   - origin: nil for what belongs to no repository: it was imported here without a name.
    ///   - isPublic: whether upstream hands the image out anonymously; nil where nobody has asked yet.
    func allows(_ origin: Origin?, isPublic: Bool?) -> Bool {
        guard let origin else { return hasKey && include.isEmpty || isPublic == true }
        if exclude.contains(where: { $0.matches(origin) }) { return false }
        let isNamed = include.contains { $0.matches(origin) }
        let isKeptBack = privateImages == .never && isPublic != true
        return hasKey ? (include.isEmpty || isNamed) && !isKeptBack : isNamed && !isKeptBack || isPublic == true
    }

    /// Whether images of a repository of the local namespace may be offered.
    func allows(local repository: RepositoryName) -> Bool {
        !exclude.contains { $0.matches(local: repository) }
            && (hasKey && include.isEmpty || include.contains { $0.matches(local: repository) })
    }

    /// Whether what its tags mean is told, where images of the repository may be offered.
    private func tellsTags(of origin: Origin) -> Bool {
        hasKey || believesLAN && include.contains { $0.matches(origin) }
    }

    /// The same of a repository of the local namespace, which has been named already where there is no key.
    private var tellsLocalTags: Bool { hasKey || believesLAN }

    /// Whether it counts for this node's own clients what upstream hands to anybody: they have that without another question.
    private var asksAlways: Bool { privateImages == .verify }

    /// The images whose offer hangs on whether upstream hands them to anybody, or what this node's clients may have.
    func questions(about content: SharedContent) -> [PublicAnswers.Image] {
        guard asksAlways || mayHangOnUpstream else { return [] }
        var decisions: [Origin: Bool] = [:]
        var seen: Set<PublicAnswers.Image> = []
        func questions(_ digest: Digest, _ repositories: Set<Origin>) -> [PublicAnswers.Image] {
            repositories.compactMap { origin in
                let decides = decisions[origin] ?? (asksAlways || hangsOnUpstream(origin))
                decisions[origin] = decides
                let question = PublicAnswers.Image(origin: origin, digest: digest)
                return decides && seen.insert(question).inserted ? question : nil
            }
        }
        var known = ContentClosure(content.children)
        for image in content.images { known.add(image.digest) }
        // What several repositories call theirs, though no image here does.
        let disputed = known.digests.compactMap { digest -> (Digest, Set<Origin>)? in
            guard !content.children(digest).isEmpty else { return nil }
            let homes = content.homes(digest)
            return homes.count > 1 ? (digest, homes) : nil
        }
        return content.images.flatMap { questions($0.digest, repositories(of: $0, content)) }
            + disputed.flatMap { questions($0.0, $0.1) }
    }

    /// Whether there can be such repositories. Where there are none, much need not be looked at.
    private var mayHangOnUpstream: Bool { !hasKey || privateImages == .never }

    /// Whether images of a repository are offered only if upstream hands them to anybody.
    private func hangsOnUpstream(_ origin: Origin) -> Bool {
        allows(origin, isPublic: true) != allows(origin, isPublic: false)
    }

    /// - Parameter isPublic: what upstream said of a manifest in a repository; nil where it has not been asked.
    func offer(_ content: SharedContent, isPublic: (Digest, Origin) -> Bool?) -> Offer {
        let sizes = Dictionary(content.blobs.map { ($0.digest, $0.size) }, uniquingKeysWith: { first, _ in first })
        var draft = Draft(content, sizes)
        for image in content.images { add(image, of: content, to: &draft, isPublic: isPublic) }
        for name in content.localNames { add(name, to: &draft) }
        let entries = content.blobs.filter { blob in
            draft.offered.contains(blob.digest)
                || !draft.known.contains(blob.digest) && allowsUnknown(content.origins(blob.digest))
        }
        return Offer(
            blobs: entries.map {
                InventoryEntry(digest: $0.digest, size: $0.size, isProven: content.isProven($0.digest))
            }, references: draft.references, parts: draft.offered.digests, knownParts: draft.known.digests)
    }

    /// An offer that is being made.
    private struct Draft {
        var offered: ContentClosure
        var known: ContentClosure
        var completeness: ContentCompleteness
        /// Names of the local namespace that have a version: it holds against what a runtime's image of that name says.
        let registered: Set<ImageReference>
        var references: [ReferenceOffer] = []
        private var decisions: [RepositoryName: Bool] = [:]

        init(_ content: SharedContent, _ sizes: [Digest: Int64]) {
            offered = ContentClosure(content.children)
            known = ContentClosure(content.children)
            completeness = ContentCompleteness(content.children, sizes)
            registered = Set(content.localNames.map(\.name.image))
        }

        /// Whether images of a repository of the local namespace may be offered; repositories have many names.
        mutating func isAllowed(_ repository: RepositoryName, by policy: SharePolicy) -> Bool {
            if let decision = decisions[repository] { return decision }
            let decision = policy.allows(local: repository)
            decisions[repository] = decision
            return decision
        }
    }

    private func add(
        _ image: ImageRecord, of content: SharedContent, to draft: inout Draft, isPublic: (Digest, Origin) -> Bool?
    ) {
        draft.known.add(image.digest)
        let isNameAllowed: Bool
        if let reference = image.reference, reference.registry == nil {
            isNameAllowed = draft.isAllowed(reference.repository, by: self)
        } else {
            isNameAllowed = allows(image.origin, isPublic: image.origin.flatMap { isPublic(image.digest, $0) })
        }
        let repositories = repositories(of: image, content)
        guard
            repositories.isEmpty
                ? isNameAllowed
                : repositories.contains(where: { allows($0, isPublic: isPublic(image.digest, $0)) })
                    && !isDenied(image.digest, repositories, isPublic)
        else { return }
        draft.offered.add(image.digest) { child in
            isAnothers(child, namedBy: repositories, content, isPublic)
        }
        // A tag is worth telling when what it leads to can be had here; both are told at once. Of other names, such as those that
        // CRI makes of digests, nothing is to be told.
        guard isNameAllowed, let reference = image.reference, reference.tag != nil, reference.digest == nil,
            reference.origin.map(tellsTags) ?? tellsLocalTags, !draft.registered.contains(reference),
            draft.completeness.isComplete(image.digest, image.mediaType)
        else { return }
        draft.references.append(
            ReferenceOffer(
                reference: reference, digest: image.digest, mediaType: image.mediaType, knownGood: image.knownGood))
    }

    private func add(_ name: NameRecord, to draft: inout Draft) {
        // What is left of a deleted image is still that image's: it must not pass for content that nothing is known of.
        draft.known.add(name.digest)
        guard draft.isAllowed(name.name.repository, by: self) else { return }
        if !name.isDeleted { draft.offered.add(name.digest) }
        guard tellsLocalTags,
            name.isDeleted || draft.completeness.isComplete(name.digest, name.mediaType)
        else { return }
        draft.references.append(ReferenceOffer(name))
    }

    /// Whether a repository that a manifest is from keeps it to itself. Then no other's word counts: any registry can name any digest, and
    /// a runtime that finds the content here takes it for that registry's.
    private func isDenied(_ manifest: Digest, _ homes: Set<Origin>, _ isPublic: (Digest, Origin) -> Bool?) -> Bool {
        mayHangOnUpstream && homes.count > 1
            && homes.contains { hangsOnUpstream($0) && isPublic(manifest, $0) == false }
    }

    /// Whether a manifest that an image's index names is not that image's to offer: it is from elsewhere, or one of several that say it is
    /// theirs has not said that anybody may have it.
    private func isAnothers(
        _ manifest: Digest, namedBy repositories: Set<Origin>, _ content: SharedContent,
        _ isPublic: (Digest, Origin) -> Bool?
    ) -> Bool {
        guard mayHangOnUpstream, !repositories.isEmpty, !content.children(manifest).isEmpty else {
            return false
        }
        let homes = content.homes(manifest)
        guard homes.count > 1 || homes.isDisjoint(with: repositories) else { return false }
        return homes.contains { hangsOnUpstream($0) && isPublic(manifest, $0) != true }
    }

    /// Where the image is from: by its name, and by the labels of its manifest. A registry whose index names another's image is not asked about
    /// it: its word would be believed of what is not its own.
    private func repositories(of image: ImageRecord, _ content: SharedContent) -> Set<Origin> {
        // What was pushed to the local namespace is that namespace's, wherever its parts came from.
        if image.origin == nil, image.reference != nil { return [] }
        return content.homes(image.digest).union(image.origin.map { [$0] } ?? [])
    }

    /// Content that no image is known to need: it may be on its way, or an image's that was removed.
    func allowsUnknown(_ origins: [Origin]) -> Bool {
        guard !origins.isEmpty else { return hasKey && include.isEmpty && privateImages != .never }
        return origins.contains { allows($0, isPublic: nil) }
    }
}
