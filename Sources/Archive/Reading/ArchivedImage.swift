public import OCI

/// An image that was in an archive, all that belongs to it checked and handed on.
public struct ArchivedImage: Hashable, Sendable {
    /// Of its manifest or index; without annotations. The platform is there where one manifest is all there is and tells it.
    public var descriptor: Descriptor
    /// What the archive calls it, each once; may be none.
    public var names: [ArchivedName]
    /// What it can be run on, as far as that was in the archive.
    public var platforms: [Platform]
    /// Manifests, configurations and layers that were in the archive, each once, the topmost first.
    public var blobs: [Digest]
    /// Of those, in bytes.
    public var size: Int64

    /// Makes an image of its parts.
    public init(
        descriptor: Descriptor, names: [ArchivedName] = [], platforms: [Platform] = [], blobs: [Digest] = [],
        size: Int64 = 0
    ) {
        self.descriptor = descriptor
        self.names = names
        self.platforms = platforms
        self.blobs = blobs
        self.size = size
    }
}

/// What was in an archive.
public struct ArchiveContents: Hashable, Sendable {
    /// In the order of the archive; at least one.
    public var images: [ArchivedImage]
    /// What went to the sink and belongs to no image.
    public var unused: [Digest]
}
