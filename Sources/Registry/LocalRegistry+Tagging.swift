import Content
public import OCI
import Transfer

/// Names for what is here already.
extension LocalRegistry {
    /// Gives an image that this node knows, of whatever registry, a name of the local namespace. It is kept from then on.
    /// - Returns: the digest of its manifest.
    /// - Throws: MANIFEST_UNKNOWN where it is not here, MANIFEST_BLOB_UNKNOWN where parts of it are nowhere.
    @discardableResult
    public func tag(_ source: ImageReference, as name: LocalName) async throws(DistributionError) -> Digest {
        let digest = try await known(source)
        try await tag(digest, mediaType: nil, as: name, from: source.repository)
        return digest
    }

    /// Makes a name mean a manifest that is at hand, and keeps it with everything of it that is.
    /// - Parameters:
    ///   - mediaType: what it is served as; nil: what it says itself.
    ///   - repository: where it was known before.
    public func tag(
        _ digest: Digest, mediaType: MediaType?, as name: LocalName, from repository: RepositoryName
    ) async throws(DistributionError) {
        try permit(name.repository)
        let found: PulledManifest
        do {
            found = try await resolver.onLAN(digest)
        } catch {
            throw DistributionError(
                code: .manifestUnknown,
                message: "the manifest \(digest) is nowhere at hand; 'shoal locate \(digest)' says who has it")
        }
        try await bringWhatIsThere(found.document, digest, for: repository)
        try await mean(
            Meant(
                digest: digest, mediaType: mediaType ?? found.document.mediaType,
                size: Int64(found.document.bytes.count),
                subject: found.document.subject?.digest), by: name)
    }

    /// Keeps an image in this node's own store whatever else needs room, or keeps it no more.
    /// - Throws: as ``tag(_:as:)``; MANIFEST_UNKNOWN where it was not pinned.
    public func pin(_ image: ImageReference, _ isPinned: Bool) async throws(DistributionError) {
        var pinned: Digest?
        if isPinned {
            let digest = try await known(image)
            guard let found = try? await resolver.onLAN(digest) else {
                throw DistributionError(
                    code: .manifestUnknown, message: "\(image) is \(digest), which nobody who is there can give")
            }
            try await bringWhatIsThere(found.document, digest, for: image.repository)
            pinned = digest
        }
        do {
            let isNews = try await names.change { table in
                guard !isPinned || table.pins.count < NameTable.pinLimit else {
                    throw DistributionError(
                        code: .denied, message: "\(NameTable.pinLimit) images are pinned already; take a pin away first"
                    )
                }
                return table.pin(image, isPinned)
            }
            guard isNews || isPinned else {
                throw DistributionError(code: .manifestUnknown, message: "\(image) is not pinned")
            }
        } catch let error as DistributionError {
            throw error
        } catch {
            throw DistributionError(code: .unknown, message: "the pin cannot be written down: \(error)")
        }
        if let pinned { settle(pinned) }
        keep()
    }

    /// What an image's name means to this node.
    /// - Throws: MANIFEST_UNKNOWN where it means nothing.
    public func known(_ image: ImageReference) async throws(DistributionError) -> Digest {
        if let name = LocalName(image), let meaning = await meaning(of: name), !meaning.isDeleted {
            return meaning.digest
        }
        guard let digest = content.image(for: image)?.digest else {
            throw DistributionError(
                code: .manifestUnknown,
                message:
                    "\(image) is not on this node: 'shoal pull \(image)' brings it, 'shoal images' lists what is here")
        }
        return digest
    }

    /// Brings an image into this node's own store: of an index, the platforms that anybody at hand has, at least one.
    private func bringWhatIsThere(
        _ document: ManifestDocument, _ digest: Digest, for repository: RepositoryName
    ) async throws(DistributionError) {
        try await stored { () throws(ContentError) in
            try await content.layout.put(document.bytes, as: digest, isKept: true)
        }
        noteRecent(digest)
        guard !document.children.isEmpty else { return try await bring(document, for: repository) }
        var fault: DistributionError?
        var count = 0
        for child in document.children {
            do throws(DistributionError) {
                try await bring(single: child, for: repository)
                count += 1
            } catch {
                fault = error
            }
        }
        if count == 0, let fault { throw fault }
    }
}
