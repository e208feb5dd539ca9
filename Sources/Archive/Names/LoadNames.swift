public import OCI

/// Which names the images of an archive get here. Decided before anything is named, so that an archive is loaded whole or not at all.
public struct LoadNames: Sendable {
    /// An image, and one of its names.
    public struct Named: Hashable, Sendable {
        /// In the local namespace, with a tag.
        public var reference: ImageReference
        /// What it means.
        public var image: ArchivedImage
    }

    /// In the order of the archive; each image at least once.
    public private(set) var named: [Named] = []
    private var digests: [ImageReference: Digest] = [:]

    /// Decides.
    ///
    /// An image is known by its own names, as ``LoadName`` reads them. One that has none, or only those of other registries, is named
    /// by `name`; so is the only image of an archive, whatever it was called. Where `name` has no tag, and the images only tags, each
    /// is that repository's with its own tags.
    /// - Parameter name: what the user calls it.
    /// - Throws: `.nameless`, which says what `--name` is to be.
    public init(_ images: [ArchivedImage], name: LoadName? = nil) throws(ArchiveError) {
        let known = images.map { Self.references(of: $0) }
        let nameless = images.indices.filter { known[$0].isEmpty || images.count == 1 }
        if name != nil, nameless.isEmpty {
            throw ArchiveError(
                .nameless,
                "--name names one image, and the archive has \(images.count) with names of their own; leave it out")
        }
        let bases = name.map { name in nameless.map { Self.references(of: images[$0], under: name) } }
        if let name, nameless.count > 1, let bases, bases.contains(where: \.isEmpty) || name.tag != nil {
            throw ArchiveError(
                .nameless,
                "\(nameless.count) images of the archive have no name of their own, and --name is one; "
                    + "put each into an archive of its own")
        }
        for (index, image) in images.enumerated() {
            var references = known[index]
            if let place = nameless.firstIndex(of: index) {
                if let name, let base = bases?[place] {
                    references = base.isEmpty ? [name.reference()] : base
                } else if references.isEmpty {
                    throw Self.nameless(image)
                }
            }
            for reference in references { try add(reference, image) }
        }
    }

    private mutating func add(_ reference: ImageReference, _ image: ArchivedImage) throws(ArchiveError) {
        let digest = image.descriptor.digest
        if let other = digests.updateValue(digest, forKey: reference) {
            guard other != digest else { return }
            throw ArchiveError(
                .nameless,
                "two images of the archive would be \(reference): \(other) and \(digest); "
                    + "put each into an archive of its own, and name it with --name")
        }
        named.append(Named(reference: reference, image: image))
    }

    private static func references(of image: ArchivedImage) -> [ImageReference] {
        image.names.compactMap { name in
            guard case .name(let text) = name else { return nil }
            return (try? LoadName(text))?.reference()
        }
    }

    /// By the image's own tags, where `name` has none.
    private static func references(of image: ArchivedImage, under name: LoadName) -> [ImageReference] {
        guard name.tag == nil else { return [] }
        return image.names.compactMap { own in
            guard case .tag(let text) = own else { return nil }
            return (try? Tag(text)).map { name.reference(assuming: $0) }
        }
    }

    private static func nameless(_ image: ArchivedImage) -> ArchiveError {
        let digest = image.descriptor.digest
        let example = "--name localhost:5050/team/app:v1"
        guard let name = image.names.first else {
            return ArchiveError(.nameless, "the image \(digest) has no name in the archive; name it with \(example)")
        }
        switch name {
        case .tag(let tag):
            return ArchiveError(
                .nameless,
                "the image \(digest) has only a tag in the archive, \(Quoted(tag)); "
                    + "name its repository with --name localhost:5050/team/app")
        case .name(let text):
            let reason: String
            do throws(OCIError) {
                _ = try LoadName(text)
                reason = "it has no name"
            } catch {
                reason = error.message
            }
            return ArchiveError(
                .nameless,
                "the image \(Quoted(text)) cannot be loaded under that name: \(reason); name it with \(example)")
        }
    }
}
