public import Archive
public import Content
public import OCI

/// The registry of the local namespace, as far as archives need it.
public protocol LocalImages: Sendable {
    /// Runs a load. What goes into the sink is not collected as garbage before `body` is over, though no name leads to it yet.
    func withSink<Result: Sendable>(_ body: (any ArchiveSink) async throws -> Result) async throws -> Result

    /// A name means this image from now on. Everything that belongs to it has gone into the sink, or was held before.
    /// - Parameter name: in the local namespace, with a tag.
    /// - Throws: ``LoadFailure`` with what to do about it; anything else is told as a failure of the agent's.
    func name(_ name: ImageReference, as image: Descriptor) async throws

    /// The image of a name: what the name means, and those of its manifests and indexes that can be had with all that belongs to them.
    /// - Returns: Nil where nobody has it.
    func image(_ name: ImageReference) async throws -> ArchivableImage?

    /// A blob of such an image.
    /// - Throws: Where it cannot be had any more.
    func open(_ digest: Digest) async throws -> any BlobReader
}
