import Content
import OCI

/// Where an image goes.
protocol ImageSink: Sendable {
    /// Whether a blob is there already. What is there stays for as long as the pull runs.
    func holds(_ blob: Descriptor) async throws -> Bool

    /// Takes a blob in. The reader is closed by the caller.
    /// - Parameter moved: told of bytes that have gone there.
    func take(
        _ blob: Descriptor, from reader: any BlobReader, moved: @escaping @Sendable (Int64) -> Void
    ) async throws

    /// Takes a manifest or an index in, whose bytes are at hand.
    func take(_ document: ImagePlan.Document) async throws

    /// The bytes of a small blob that is there.
    func read(_ digest: Digest, limit: Int) async throws -> [UInt8]

    /// Whether all layers of an image are unpacked already. What is there stays for as long as the pull runs.
    func isUnpacked(_ chain: LayerChain) async throws -> Bool

    /// Unpacks one layer that has been taken in.
    func unpack(_ link: LayerChain.Link) async throws

    /// All layers of an image are unpacked: its configuration leads to them from now on.
    func unpacked(_ chain: LayerChain, config: Digest) async throws

    /// All that was wanted is there: the name means it from now on.
    /// - Parameter id: the image's own: the digest of its configuration; nil where there is not just one.
    func finish(_ plan: ImagePlan, id: Digest?) async throws
}
