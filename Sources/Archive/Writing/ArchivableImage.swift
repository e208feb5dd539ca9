public import OCI

/// An image that is to go into an archive.
public struct ArchivableImage: Sendable {
    /// What it is to be known by; one by its digest alone where there is none.
    public var names: [ImageReference]
    /// Of its manifest or index, which must be among the documents.
    public var descriptor: Descriptor
    /// Manifests and indexes that can be had. What belongs to a manifest among them must be there to be read; of an index, manifests
    /// may be missing.
    public var documents: [Digest: ManifestDocument]

    /// Makes an image of its parts; nothing is checked.
    public init(names: [ImageReference], descriptor: Descriptor, documents: [Digest: ManifestDocument]) {
        self.names = names
        self.descriptor = descriptor
        self.documents = documents
    }
}
