import OCI

/// What a name turned out to mean: the manifests that are wanted of it, and what they consist of. A value.
struct ImagePlan: Sendable {
    /// A manifest or index whose bytes are here.
    struct Document: Sendable {
        var descriptor: Descriptor
        var document: ManifestDocument
    }

    /// One image of one platform.
    struct Image: Sendable {
        var manifest: Manifest
        var digest: Digest
        /// What the index says; nil where there is none, or it says nothing.
        var platform: Platform?
    }

    /// What the name means comes first; each once.
    private(set) var documents: [Document] = []
    private(set) var images: [Image] = []

    /// The manifest or index that the name means.
    var root: Document { documents[0] }

    /// - Parameter root: what the name means.
    init(root: ManifestDocument, digest: Digest) {
        let descriptor = Descriptor(mediaType: root.mediaType, digest: digest, size: Int64(root.bytes.count))
        add(root, descriptor)
    }

    /// Takes up a manifest or index that an index names.
    mutating func add(_ document: ManifestDocument, _ descriptor: Descriptor) {
        guard !documents.contains(where: { $0.descriptor.digest == descriptor.digest }) else { return }
        documents.append(Document(descriptor: descriptor, document: document))
        guard case .manifest(let manifest) = document.kind else { return }
        images.append(Image(manifest: manifest, digest: descriptor.digest, platform: descriptor.platform))
    }

    /// Which entries of an index are wanted.
    /// - Throws: `.noPlatform`, naming those that there are.
    static func wanted(
        of index: ImageIndex, _ platforms: PullQuery.Platforms, image: ImageReference
    ) throws(PullFailure) -> [Descriptor] {
        guard case .one(let platform) = platforms else { return index.manifests }
        if let best = index.best(for: platform) { return [best] }
        // One entry that says nothing of platforms is for all of them.
        if index.manifests.count == 1, index.manifests[0].platform == nil { return index.manifests }
        let others = index.platforms.map(\.description)
        throw PullFailure(
            code: .noPlatform, reason: "\(image) is not for \(platform)",
            mend: others.isEmpty
                ? "its index names no platform at all; --platform all brings all of it"
                : "it is for \(others.joined(separator: ", ")): name one of them with --platform, or all")
    }

    /// Whether an image is for a platform, by its own configuration: what there is to go by without an index.
    static func check(
        _ config: ImageConfig, _ platforms: PullQuery.Platforms, image: ImageReference
    ) throws(PullFailure) {
        guard case .one(let platform) = platforms, platform.rank(of: config.platform) == nil else { return }
        throw PullFailure(
            code: .noPlatform, reason: "\(image) is for \(config.platform) only, not for \(platform)",
            mend: "--platform \(config.platform) brings it")
    }

    /// All that will be here, each once: manifests, then configurations, then layers from the bottom up.
    var blobs: [PulledBlob] {
        var known: Set<Digest> = []
        var blobs: [PulledBlob] = []
        func add(_ descriptor: Descriptor, _ kind: PulledBlob.Kind) {
            guard known.insert(descriptor.digest).inserted else { return }
            blobs.append(
                PulledBlob(
                    digest: descriptor.digest, size: descriptor.size, kind: kind, state: .waiting,
                    // What names the others is here already.
                    done: kind == .manifest ? descriptor.size : 0))
        }
        for document in documents { add(document.descriptor, .manifest) }
        for image in images { add(image.manifest.config, .config) }
        for image in images { for layer in image.manifest.layers { add(layer, .layer) } }
        return blobs
    }

    /// A layer that is not the registry's to give.
    var foreign: Descriptor? {
        images.lazy.flatMap { $0.manifest.layers + [$0.manifest.config] }.first(where: \.isForeign)
    }

    /// The labels by which containerd's garbage collection finds what a manifest or an index needs, as its own clients set them.
    static func references(of document: ManifestDocument) -> [String: String] {
        let prefix = "containerd.io/gc.ref.content"
        var labels: [String: String] = [:]
        switch document.kind {
        case .index(let index):
            for (number, child) in index.manifests.enumerated() {
                labels["\(prefix).m.\(number)"] = child.digest.description
            }
        case .manifest(let manifest):
            labels["\(prefix).config"] = manifest.config.digest.description
            for (number, layer) in manifest.layers.enumerated() {
                labels["\(prefix).l.\(number)"] = layer.digest.description
            }
        case .other: break
        }
        return labels
    }
}
