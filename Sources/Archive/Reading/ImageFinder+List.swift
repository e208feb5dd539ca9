import FoundationEssentials
import Integrity
import NIOCore
import OCI

/// Images in the format of `docker save`: a list, and for each image a configuration and layers by their names in the archive.
extension ImageFinder {
    /// Finds the images that `manifest.json` lists and OCI's layout does not, and adds its names to those that both have.
    mutating func findInList(_ bytes: [UInt8]) async throws {
        let entries: [DockerListEntry]
        do {
            entries = try JSONDecoder().decode([DockerListEntry].self, from: Data(bytes))
        } catch {
            throw ArchiveError(
                .malformed,
                "manifest.json in the archive is no list of 'docker save'; make the archive again, or copy it with skopeo"
            )
        }
        guard entries.count <= limits.images else { throw tooManyImages }
        let known = images
        // What OCI's layout says of a name counts, however it is written.
        let taken = Set(known.flatMap(\.names).compactMap(Self.reference))
        let isNew: (ArchivedName) -> Bool = { name in Self.reference(name).map { !taken.contains($0) } ?? true }
        for entry in entries {
            let names = (entry.repoTags ?? []).map(ArchivedName.name)
            let config = try stored(entry.config, "configuration", of: entry)
            let layers = entry.layers ?? []
            let isWhole = known.firstIndex { $0.tree.configs[config.digest] == layers.count }
            if let place = isWhole {
                for name in names where isNew(name) { try add(name, to: place) }
                continue
            }
            let (descriptor, tree) = try await build(entry, config, layers)
            let isPoor = known.firstIndex {
                $0.descriptor.mediaType.isManifest && $0.tree.configs[config.digest] != nil
            }
            if let place = isPoor { replace(place, by: descriptor, tree) }
            let place = try add(Found(descriptor: descriptor, tree: tree))
            for name in names where isNew(name) { try add(name, to: place) }
        }
    }

    private static func reference(_ name: ArchivedName) -> ImageReference? {
        guard case .name(let text) = name else { return nil }
        return try? ImageReference(normalizing: text)
    }

    private func stored(
        _ path: String, _ what: String, of entry: DockerListEntry
    ) throws(ArchiveError) -> ArchiveCatalog.Stored {
        guard let stored = catalog.find(path) else {
            throw ArchiveError(
                .incomplete,
                "\(Self.image(entry)) lacks its \(what) \(Quoted(path)) in the archive\(cut); make the archive again")
        }
        return stored
    }

    private static func image(_ entry: DockerListEntry) -> String {
        Quoted(entry.repoTags?.first ?? entry.config).description
    }

    /// Makes the manifest that the format has none of, and hands it to the sink.
    private func build(
        _ entry: DockerListEntry, _ config: ArchiveCatalog.Stored, _ paths: [String]
    ) async throws -> (Descriptor, ImageTree) {
        let layers = try paths.map { path throws(ArchiveError) in try stored(path, "layer", of: entry) }
        guard let settings = try await self.config(config.digest, size: config.size) else {
            throw ArchiveError(
                .malformed,
                "\(Quoted(entry.config)) in the archive is no configuration of an image; make the archive again")
        }
        try check(layers, settings.rootfs.diffIDs, of: entry)
        let manifest = DockerManifest(
            config: (config.digest, config.size), layers: layers.map { ($0.digest, $0.size, $0.compression) })
        let digest = try await put(manifest.bytes)
        var tree = ImageTree()
        tree.add(digest, size: Int64(manifest.bytes.count))
        for blob in [config] + layers { tree.add(blob.digest, size: blob.size) }
        tree.add(config: config.digest, layers: layers.count)
        tree.add(settings.platform)
        let descriptor = Descriptor(
            mediaType: manifest.mediaType, digest: digest, size: Int64(manifest.bytes.count),
            platform: settings.platform)
        return (descriptor, tree)
    }

    /// The configuration says what the layers are once they are unpacked: those that are can be compared.
    private func check(
        _ layers: [ArchiveCatalog.Stored], _ diffIDs: [Digest], of entry: DockerListEntry
    ) throws(ArchiveError) {
        let image = Self.image(entry)
        guard layers.count == diffIDs.count else {
            throw ArchiveError(
                .incomplete,
                "\(image) has \(layers.count) layers in manifest.json and \(diffIDs.count) in its configuration; "
                    + "make the archive again")
        }
        for (layer, diffID) in zip(layers, diffIDs) {
            switch layer.compression {
            case .none:
                guard layer.digest == diffID || diffID.algorithm != layer.digest.algorithm else {
                    throw ArchiveError(
                        .damaged,
                        "\(image) has the layer \(layer.digest) where its configuration says \(diffID); "
                            + "make the archive again")
                }
            case .gzip, .zstd: break
            case .xz, .bzip2:
                throw ArchiveError(
                    .unsupported,
                    "\(image) has the layer \(layer.digest), compressed by \(layer.compression), which runtimes do not "
                        + "take from a registry; 'docker load' it and 'docker save' it again")
            }
        }
    }

    /// Hands a small document to the sink.
    private func put(_ bytes: [UInt8]) async throws -> Digest {
        let digest = ContentHasher.digest(of: bytes)
        guard let blob = try await sink.begin(declared: digest, size: Int64(bytes.count)) else { return digest }
        do {
            try await blob.write(ByteBuffer(bytes: bytes))
        } catch {
            await blob.abandon()
            throw error
        }
        _ = try await blob.finish()
        return digest
    }
}
