public import OCI

/// A digest, and how many bytes it stands for.
public struct BlobInfo: Hashable, Sendable {
    /// The blob.
    public var digest: Digest
    /// In bytes.
    public var size: Int64

    /// Puts the two together.
    public init(digest: Digest, size: Int64) {
        self.digest = digest
        self.size = size
    }
}

/// What became different in a store.
public enum StoreChange: Hashable, Sendable {
    /// A blob is held from now on.
    case added(BlobInfo)
    /// A blob is not held any more. Who has it open can go on reading.
    case removed(Digest)
    /// The catalog of images changed.
    case images
}

/// Where complete, verified blobs live. Everything in a store may be advertised and handed out.
///
/// What every implementation promises is written down as tests: `BlobStoreConformance` in `Tests/ContentTests`.
public protocol BlobStore: Sendable {
    /// The blob, ready to be read, and marked as used now; nil where it is not held.
    ///
    /// A blob whose file turns out to be gone or of another size is withdrawn, and not held.
    func open(_ digest: Digest) async throws(ContentError) -> (any BlobReader)?

    /// The blob's size, from memory; nil where it is not held.
    func size(of digest: Digest) -> Int64?

    /// All blobs held, from memory, in no order.
    func blobs() -> [BlobInfo]

    /// The blob is damaged: it is gone from what the store lists at once, and not offered again before its bytes are others.
    func withdraw(_ digest: Digest, because reason: String) async

    /// What changes from now on, in the order in which it does.
    ///
    /// Each caller has a stream of its own. Streams are bounded and keep what is newest, so whoever reads slowly may miss
    /// changes: take a change as the occasion to look at ``blobs()``. A stream ends with the store.
    func changes() -> AsyncStream<StoreChange>
}
