public import OCI

/// What a collection removed, or would remove: the answer of `/api/v1/collect`.
public struct CollectionSnapshot: Codable, Sendable, Equatable {
    public struct Blob: Codable, Sendable, Equatable {
        public var digest: Digest
        public var size: Int64

        public init(digest: Digest, size: Int64) {
            self.digest = digest
            self.size = size
        }
    }

    public var schema = 1
    public var blobs: [Blob]
    public var bytes: Int64
    /// Uploads that were given up.
    public var uploads: Int
    /// Whether nothing was removed, only looked at.
    public var dryRun: Bool

    enum CodingKeys: String, CodingKey {
        case schema, blobs, bytes, uploads
        case dryRun = "dry_run"
    }

    /// Makes the record of its parts.
    public init(blobs: [Blob], bytes: Int64, uploads: Int, dryRun: Bool) {
        self.blobs = blobs
        self.bytes = bytes
        self.uploads = uploads
        self.dryRun = dryRun
    }
}
