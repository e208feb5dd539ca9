public import OCI

/// A digest and how many bytes it stands for.
public struct BlobInfo: Hashable, Sendable {
    public var digest: Digest
    public var size: Int64

    public init(digest: Digest, size: Int64) {
        self.digest = digest
        self.size = size
    }
}

/// What became different in a store.
public enum StoreChange: Hashable, Sendable {
    case added(BlobInfo)
    case removed(Digest)
    /// The catalog of images changed.
    case images
}

/// Where complete, verified blobs live.
public protocol BlobStore: Sendable {
    /// The blob, ready to be read, and marked as used now; nil where the store does not hold it.
    func open(_ digest: Digest) async throws(ContentError) -> StoredBlob?
    /// The blob's size, from memory; nil where the store does not hold it.
    func size(of digest: Digest) -> Int64?
    func blobs() -> [BlobInfo]
    /// What changes from now on. Bounded: a slow listener misses the oldest changes, and looks at ``blobs()``.
    func changes() -> AsyncStream<StoreChange>
}
