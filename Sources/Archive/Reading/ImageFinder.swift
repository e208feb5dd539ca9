import FoundationEssentials
import OCI

/// Finds the images among what was in an archive, and sees that each is whole.
///
/// An archive may be in OCI's layout, in Docker's format, or both. OCI's counts where both speak of an image, unless its manifest lacks
/// layers: Docker 25 wrote such ones.
struct ImageFinder {
    /// An image, as it is being found.
    struct Found {
        var descriptor: Descriptor
        var names: [ArchivedName] = []
        var tree: ImageTree
    }

    let catalog: ArchiveCatalog
    let sink: any ArchiveSink
    /// Whether the archive has the mark of its end: where it has not, what is missing may have been cut off.
    let isMarked: Bool
    private(set) var images: [Found] = []
    /// Where in ``images`` each is.
    private(set) var places: [Digest: Int] = [:]
    private var names = 0
    private var manifests = 0

    var limits: ArchiveLimits { catalog.limits }

    init(_ catalog: ArchiveCatalog, sink: any ArchiveSink, isMarked: Bool) {
        self.catalog = catalog
        self.sink = sink
        self.isMarked = isMarked
    }

    /// - Throws: ``ArchiveError`` where there is no image, or one lacks something.
    mutating func find() async throws -> ArchiveContents {
        let list = catalog.documents[.list]
        // An archive of Docker's may have a file of that name by chance.
        if let index = catalog.documents[.index], catalog.documents[.layout] != nil || list == nil {
            do {
                try await findInLayout(index)
            } catch let error as ArchiveError where error.code == .malformed && list != nil && images.isEmpty {
                // Docker 25 wrote an index with 'null' for no images where none had a name; its own list has them all.
            }
        }
        if let list { try await findInList(list) }
        guard !images.isEmpty else { throw nothing }
        let used = images.reduce(into: Set<Digest>()) { $0.formUnion($1.tree.blobs) }
        return ArchiveContents(
            images: images.map { found in
                ArchivedImage(
                    descriptor: found.descriptor, names: found.names, platforms: found.tree.platforms,
                    blobs: found.tree.blobs, size: found.tree.size)
            }, unused: catalog.blobs.keys.filter { !used.contains($0) }.sorted())
    }

    private var nothing: ArchiveError {
        if catalog.documents[.index] != nil || catalog.documents[.list] != nil {
            return ArchiveError(.noImage, "the archive lists no image\(cut); make it again with an image's name")
        }
        guard catalog.documents[.oldList] == nil else {
            return ArchiveError(
                .noImage, "the archive is older than Docker 1.10; 'docker load' it and 'docker save' it again")
        }
        return ArchiveError(
            .noImage,
            "the archive has neither index.json nor manifest.json, so it is none of images\(cut); "
                + "make one with 'docker save' or 'skopeo copy … oci-archive:FILE'")
    }

    /// For messages about what is missing.
    var cut: String { isMarked ? "" : " (it has no end, so it may have been cut)" }

    // MARK: What was found

    /// Adds an image, or the name to the one that is there.
    /// - Returns: Its place in ``images``.
    @discardableResult
    mutating func add(_ found: Found) throws(ArchiveError) -> Int {
        let digest = found.descriptor.digest
        if let place = places[digest] {
            for name in found.names { try add(name, to: place) }
            return place
        }
        guard images.count < limits.images else { throw tooManyImages }
        places[digest] = images.count
        images.append(Found(descriptor: found.descriptor, tree: found.tree))
        for name in found.names { try add(name, to: images.count - 1) }
        return images.count - 1
    }

    var tooManyImages: ArchiveError {
        ArchiveError(.tooLarge, "the archive has more than \(limits.images) images; make several of it")
    }

    mutating func add(_ name: ArchivedName, to place: Int) throws(ArchiveError) {
        guard !images[place].names.contains(name) else { return }
        names += 1
        guard names <= limits.names else {
            throw ArchiveError(.tooLarge, "the archive has more than \(limits.names) names; make several of it")
        }
        images[place].names.append(name)
    }

    /// Puts another image in an image's place; the names stay.
    mutating func replace(_ place: Int, by descriptor: Descriptor, _ tree: ImageTree) {
        places[images[place].descriptor.digest] = nil
        places[descriptor.digest] = place
        images[place].descriptor = descriptor
        images[place].tree = tree
    }

    // MARK: Reading

    /// A manifest or index that was in the archive.
    mutating func document(_ descriptor: Descriptor) async throws -> ManifestDocument {
        manifests += 1
        guard manifests <= limits.manifests else {
            throw ArchiveError(.tooLarge, "the archive has more than \(limits.manifests) manifests; make several of it")
        }
        guard descriptor.size <= ManifestDocument.maximumSize else {
            throw ArchiveError(
                .tooLarge,
                "the manifest \(descriptor.digest) has \(descriptor.size) bytes; "
                    + "at most \(ManifestDocument.maximumSize) are read")
        }
        let bytes = try await sink.read(descriptor.digest, size: descriptor.size)
        do throws(OCIError) {
            return try ManifestDocument(bytes: bytes, mediaType: descriptor.mediaType)
        } catch {
            throw ArchiveError(.malformed, "\(descriptor.digest) in the archive cannot be read: \(error.message)")
        }
    }

    /// An image's configuration, where that is what it is.
    func config(_ digest: Digest, size: Int64) async throws -> ImageConfig? {
        guard size <= ImageConfig.maximumSize else { return nil }
        return try? ImageConfig(bytes: try await sink.read(digest, size: size))
    }
}
