import FoundationEssentials
import OCI

/// What images that go into one archive have in common: its blobs, each once, and its two lists of images.
struct LayoutContent {
    /// Every blob, in the order in which it was first met.
    private(set) var sizes: [(digest: Digest, size: Int64)] = []
    /// Manifests and indexes.
    private(set) var bytes: [Digest: [UInt8]] = [:]
    private var known: [Digest: Int64] = [:]
    /// Indexes of which nothing can be had, of one image.
    private var absent: Set<Digest> = []
    private var listed: [Descriptor] = []
    /// What Docker is told: manifests, and their names.
    private var docker: [(manifest: Digest, entry: DockerListEntry)] = []

    /// The name of a blob in the archive.
    static func path(_ digest: Digest) -> String { "blobs/\(digest.algorithm.rawValue)/\(digest.hex)" }

    mutating func add(_ image: ArchivableImage) throws(ArchiveError) {
        guard image.documents[image.descriptor.digest] != nil else {
            throw ArchiveError(
                .incomplete,
                "\(Self.name(image)) is not saved: "
                    + "its manifest \(image.descriptor.digest) is not here; pull it first")
        }
        absent = []
        guard try visit(image.descriptor, image, depth: 0) else {
            throw ArchiveError(
                .incomplete,
                "\(Self.name(image)) is not saved: none of the manifests that it lists is here; pull one first")
        }
        let plain = Descriptor(
            mediaType: image.descriptor.mediaType, digest: image.descriptor.digest, size: image.descriptor.size,
            platform: image.descriptor.platform, artifactType: image.descriptor.artifactType)
        let names: [ImageReference?] = image.names.isEmpty ? [nil] : image.names
        for name in names {
            var descriptor = plain
            descriptor.annotations = name.map {
                [ImageFinder.containerdName: $0.description, ImageFinder.refName: $0.description]
            }
            if !listed.contains(descriptor) { listed.append(descriptor) }
        }
        if let (digest, manifest) = Self.runnable(image) { list(digest, manifest, image.names) }
    }

    private static func name(_ image: ArchivableImage) -> String {
        image.names.first.map(\.description) ?? "the image"
    }

    /// - Returns: Whether it can be had; an index can where one of its manifests can.
    private mutating func visit(
        _ descriptor: Descriptor, _ image: ArchivableImage, depth: Int
    ) throws(ArchiveError) -> Bool {
        guard let document = image.documents[descriptor.digest], !absent.contains(descriptor.digest) else {
            return false
        }
        guard bytes[descriptor.digest] == nil else { return true }
        guard depth <= ArchiveLimits().depth else {
            throw ArchiveError(
                .tooLarge, "\(image.descriptor.digest) has too many indexes within each other; it is not saved")
        }
        var isHere = document.children.isEmpty
        for child in document.children where try visit(child, image, depth: depth + 1) { isHere = true }
        guard isHere else {
            absent.insert(descriptor.digest)
            return false
        }
        bytes[descriptor.digest] = document.bytes
        try add(descriptor.digest, Int64(document.bytes.count))
        for blob in document.blobs { try add(blob.digest, blob.size) }
        return true
    }

    private mutating func add(_ digest: Digest, _ size: Int64) throws(ArchiveError) {
        if let other = known.updateValue(size, forKey: digest) {
            guard other == size else {
                throw ArchiveError(
                    .damaged, "manifests disagree about \(digest): \(other) bytes and \(size); they are not saved")
            }
        } else {
            sizes.append((digest, size))
        }
    }

    // MARK: The lists

    /// `index.json`
    func index() throws(ArchiveError) -> [UInt8] { try Self.json(ImageIndex(manifests: listed)) }

    /// `manifest.json`; nil where Docker could run none of them.
    func list() throws(ArchiveError) -> [UInt8]? {
        docker.isEmpty ? nil : try Self.json(docker.map(\.entry))
    }

    private mutating func list(_ digest: Digest, _ manifest: Manifest, _ names: [ImageReference]) {
        let tags = names.filter { $0.tag != nil && $0.digest == nil }.map(\.description)
        if let place = docker.firstIndex(where: { $0.manifest == digest }) {
            let known = docker[place].entry.repoTags ?? []
            docker[place].entry.repoTags = known + tags.filter { !known.contains($0) }
        } else {
            let layers = manifest.layers.map { Self.path($0.digest) }
            let entry = DockerListEntry(config: Self.path(manifest.config.digest), repoTags: tags, layers: layers)
            docker.append((digest, entry))
        }
    }

    /// Docker's list has one manifest for a name: of an image for several platforms this machine's, or the only one that is here.
    private static func runnable(_ image: ArchivableImage) -> (Digest, Manifest)? {
        guard let document = image.documents[image.descriptor.digest] else { return nil }
        switch document.kind {
        case .manifest(let manifest):
            return isRunnable(manifest) ? (image.descriptor.digest, manifest) : nil
        case .index(var index):
            index.manifests = index.manifests.filter { child in
                guard case .manifest(let manifest)? = image.documents[child.digest]?.kind else { return false }
                return isRunnable(manifest) && child.platform?.os != "unknown"
            }
            let best = index.best(for: .current) ?? (index.manifests.count == 1 ? index.manifests.first : nil)
            guard let best, case .manifest(let manifest)? = image.documents[best.digest]?.kind else { return nil }
            return (best.digest, manifest)
        case .other: return nil
        }
    }

    /// Not an artifact, and nothing of it lies elsewhere.
    private static func isRunnable(_ manifest: Manifest) -> Bool {
        manifest.config.mediaType.isImageConfig && !manifest.layers.isEmpty
            && manifest.layers.allSatisfy { $0.mediaType.isLayer && !$0.isForeign }
    }

    private static func json(_ document: some Encodable) throws(ArchiveError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(document))
        } catch {
            throw ArchiveError(.malformed, "the list of images cannot be written: \(error)")
        }
    }
}
