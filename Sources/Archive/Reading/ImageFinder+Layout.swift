import FoundationEssentials
import OCI

/// Images in OCI's layout (OCI image specification, `image-layout.md`).
extension ImageFinder {
    /// containerd's name for an image, in full.
    static let containerdName = "io.containerd.image.name"
    /// OCI's, which may be a tag only.
    static let refName = "org.opencontainers.image.ref.name"

    private struct Layout: Decodable {
        var imageLayoutVersion: String
    }

    /// Finds the images that `index.json` lists.
    /// - Throws: Where one of them lacks something. Of an index for several platforms some may be missing.
    mutating func findInLayout(_ bytes: [UInt8]) async throws {
        try checkVersion()
        let index: ManifestDocument
        do throws(OCIError) {
            index = try ManifestDocument(bytes: bytes, mediaType: nil)
        } catch {
            throw ArchiveError(.malformed, "index.json in the archive cannot be read: \(error.message)")
        }
        guard case .index(let index) = index.kind else {
            throw ArchiveError(
                .malformed, "index.json in the archive is no index of images; make the archive again")
        }
        // What else may be in a layout is nobody's image (image-layout.md, "index.json file").
        for descriptor in index.manifests where descriptor.mediaType.isManifestOrIndex {
            try await find(descriptor)
        }
    }

    private func checkVersion() throws(ArchiveError) {
        guard let bytes = catalog.documents[.layout] else { return }
        guard let layout = try? JSONDecoder().decode(Layout.self, from: Data(bytes)) else {
            throw ArchiveError(.malformed, "oci-layout in the archive is not {\"imageLayoutVersion\":…}; make it again")
        }
        guard layout.imageLayoutVersion.hasPrefix("1.") else {
            throw ArchiveError(
                .unsupported,
                "the archive is in version \(Quoted(layout.imageLayoutVersion)) of OCI's layout; version 1 is read")
        }
    }

    private mutating func find(_ descriptor: Descriptor) async throws {
        let name =
            descriptor.annotations?[Self.containerdName].map(ArchivedName.name)
            ?? descriptor.annotations?[Self.refName].map(ArchivedName.init(refName:))
        var plain = Descriptor(
            mediaType: descriptor.mediaType, digest: descriptor.digest, size: descriptor.size,
            platform: descriptor.platform, artifactType: descriptor.artifactType)
        var tree = ImageTree()
        let image = name.map { "\(Quoted($0.description))" } ?? "\(descriptor.digest)"
        if places[descriptor.digest] == nil {
            guard try await visit(descriptor, of: image, in: &tree, depth: 1) else {
                throw ArchiveError(
                    .incomplete,
                    "index.json lists \(image), and \(descriptor.digest) is not in the archive\(cut); make it again")
            }
            if descriptor.mediaType.isManifest {
                if plain.platform == nil { plain.platform = try await platform(of: tree) }
                tree.add(plain.platform)
            }
        }
        try add(Found(descriptor: plain, names: name.map { [$0] } ?? [], tree: tree))
    }

    /// Of an image with one manifest: as its configuration says.
    private func platform(of tree: ImageTree) async throws -> Platform? {
        guard let config = tree.configs.keys.first, let stored = catalog.blobs[config] else { return nil }
        return try await self.config(config, size: stored.size)?.platform
    }

    /// Adds a manifest or index with all that belongs to it.
    /// - Returns: Whether it is there.
    private mutating func visit(
        _ descriptor: Descriptor, of image: String, in tree: inout ImageTree, depth: Int
    ) async throws -> Bool {
        guard !tree.contains(descriptor.digest) else { return true }
        guard try take(descriptor, into: &tree) else { return false }
        guard depth <= limits.depth else {
            throw ArchiveError(
                .tooLarge, "\(image) has indexes within each other, more than \(limits.depth); it is not loaded")
        }
        let document = try await document(descriptor)
        switch document.kind {
        case .manifest(let manifest):
            for blob in document.blobs {
                guard try take(blob, into: &tree) else {
                    let what = blob.digest == manifest.config.digest ? "configuration" : "layer"
                    throw ArchiveError(
                        .incomplete,
                        "\(image) lacks its \(what) \(blob.digest) in the archive\(cut); make the archive again")
                }
            }
            // May be there, and need not.
            for layer in manifest.layers where layer.isForeign { _ = try take(layer, into: &tree) }
            tree.add(config: manifest.config.digest, layers: manifest.layers.count)
        case .index(let index):
            var isHere = index.manifests.isEmpty
            for child in index.manifests {
                let isChildHere =
                    child.mediaType.isManifestOrIndex
                    ? try await visit(child, of: image, in: &tree, depth: depth + 1) : try take(child, into: &tree)
                guard isChildHere else { continue }
                isHere = true
                if child.mediaType.isManifest { tree.add(child.platform) }
            }
            guard isHere else {
                let example = index.manifests.first.map { ", such as \($0.digest)" } ?? ""
                throw ArchiveError(
                    .incomplete,
                    "\(image) lists manifests of which none is in the archive\(cut)\(example); make the archive again")
            }
        case .other: break
        }
        return true
    }

    /// - Returns: Whether it is in the archive.
    private func take(_ descriptor: Descriptor, into tree: inout ImageTree) throws(ArchiveError) -> Bool {
        guard let stored = catalog.blobs[descriptor.digest] else { return false }
        guard stored.size == descriptor.size else {
            throw ArchiveError(
                .damaged,
                "\(descriptor.digest) has \(stored.size) bytes in the archive, and a manifest says \(descriptor.size); "
                    + "make the archive again")
        }
        tree.add(descriptor.digest, size: stored.size)
        return true
    }
}
