public import OCI

/// An image as one of containerd's namespaces has it: a name for a manifest or an index.
public struct RuntimeImage: Hashable, Sendable {
    public var namespace: String
    /// As containerd has it; names may be anything.
    public var name: String
    /// What the name means, normalised; nil for a name that is no reference.
    public var reference: ImageReference?
    /// Of the manifest or index.
    public var digest: Digest
    public var mediaType: MediaType
    /// Of the manifest or index itself, in bytes.
    public var size: Int64
    /// Seconds since 1970.
    public var createdAt: Int64
    /// When the name was last made to mean this: seconds since 1970.
    public var updatedAt: Int64

    /// Puts the parts together.
    public init(
        namespace: String, name: String, digest: Digest, mediaType: MediaType, size: Int64, createdAt: Int64,
        updatedAt: Int64
    ) {
        self.namespace = namespace
        self.name = name
        reference = Self.reference(name)
        self.digest = digest
        self.mediaType = mediaType
        self.size = size
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }

    /// The CRI names every image a second time by its id, which reads as a tag of a repository `sha256`, and is none.
    private static func reference(_ name: String) -> ImageReference? {
        guard (try? Digest(name)) == nil else { return nil }
        return try? ImageReference(normalizing: name)
    }
}
