import Content
import Discovery
import OCI
import Registry

/// What `shoal images`, `tag`, `rm`, `pin` and `gc` are answered by.
struct ImageShelf: ImageShelving {
    let registry: LocalRegistry
    let content: NodeContent
    let directory: Directory
    let neighbours: any Neighbours

    // MARK: Changes

    func tag(
        _ source: ImageReference, as target: ImageReference
    ) async throws(DistributionError) -> ImagesSnapshot.Image {
        guard let name = LocalName(target), name.reference.tag != nil else {
            throw DistributionError(
                code: .nameInvalid,
                message: "\(target) is no tag of the local namespace: write \(ImageReference.localRegistry)/team/app:v1"
            )
        }
        let digest = try await registry.tag(source, as: name)
        let images = await images().images
        return images.first { $0.name == name.description }
            ?? .init(
                name: name.description, digest: digest, mediaType: .ociManifest, size: 0, here: true, copies: 1,
                pushed: true, pinned: false)
    }

    func remove(_ image: ImageReference) async throws(DistributionError) {
        guard let name = LocalName(image) else {
            throw DistributionError(
                code: .nameInvalid,
                message:
                    "\(image) is not of the local namespace: what was fetched from registries goes by itself when room is needed"
            )
        }
        try await registry.delete(name)
    }

    func pin(_ image: ImageReference, _ isPinned: Bool) async throws(DistributionError) {
        try await registry.pin(image, isPinned)
    }

    func collect(grace: Int64?, dryRun: Bool) async throws(DistributionError) -> CollectionSnapshot {
        let collection: LocalRegistry.Collection
        do {
            collection = try await registry.collect(grace: grace, isDry: dryRun)
        } catch {
            throw DistributionError(code: .unknown, message: "the store refuses: \(error)")
        }
        return CollectionSnapshot(
            blobs: collection.blobs.map { .init(digest: $0.digest, size: $0.size) }, bytes: collection.bytes,
            uploads: collection.uploads, dryRun: collection.isDry)
    }

    // MARK: The list

    func images() async -> ImagesSnapshot {
        let table = registry.names.table
        let claims = Dictionary(grouping: neighbours.claims(), by: \.name)
        var held = HeldImages(content)
        var images: [ImagesSnapshot.Image] = []
        var seen: Set<ImageReference> = []
        for name in Set(table.all.map(\.name)).union(claims.keys) where name.reference.tag != nil {
            seen.insert(name.image)
            guard let meaning = NameMeaning.newest(table[name], claims[name] ?? []), !meaning.isDeleted else {
                continue
            }
            let here = held.isComplete(meaning.digest, meaning.mediaType)
            let others = directory.holders(of: meaning.digest).count
            images.append(
                .init(
                    name: name.description, digest: meaning.digest, mediaType: meaning.mediaType,
                    size: held.bytes(of: meaning.digest), here: here, copies: others + (here ? 1 : 0),
                    pushed: table[name]?.isOwn == true, pinned: table.pins.contains(name.image)))
        }
        for image in content.images() {
            guard let reference = image.reference ?? image.origin.map({ named($0, image.digest) }),
                reference.registry != nil || reference.tag != nil, seen.insert(reference).inserted
            else { continue }
            let here = held.isComplete(image.digest, image.mediaType)
            images.append(
                .init(
                    name: reference.description, digest: image.digest, mediaType: image.mediaType,
                    size: held.bytes(of: image.digest), here: here,
                    copies: directory.holders(of: image.digest).count + (here ? 1 : 0), pushed: false,
                    pinned: table.pins.contains(reference)))
        }
        return ImagesSnapshot(images: images)
    }

    private func named(_ origin: Origin, _ digest: Digest) -> ImageReference {
        ImageReference(registry: origin.registry, repository: origin.repository, tag: nil, digest: digest)
    }
}

/// How much of which image is on this node.
private struct HeldImages {
    private let content: NodeContent
    private let sizes: [Digest: Int64]
    private var completeness: ContentCompleteness

    init(_ content: NodeContent) {
        self.content = content
        sizes = Dictionary(content.blobs().map { ($0.digest, $0.size) }, uniquingKeysWith: { one, _ in one })
        completeness = ContentCompleteness({ content.children(of: $0) }, sizes)
    }

    mutating func isComplete(_ digest: Digest, _ type: MediaType) -> Bool { completeness.isComplete(digest, type) }

    func bytes(of digest: Digest) -> Int64 {
        var closure = ContentClosure { [content] in content.children(of: $0) }
        closure.add(digest)
        return closure.digests.reduce(0) { $0 + (sizes[$1] ?? 0) }
    }
}
