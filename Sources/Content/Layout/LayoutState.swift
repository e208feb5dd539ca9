import OCI

/// All that an image layout knows without looking at the disk. A value; the layout keeps it under a lock.
struct LayoutState: Sendable {
    var ledger: BlobLedger
    var catalog: Catalog
    var graph = ContentGraph()
    /// Blobs whose files are younger than a crash: here, but nobody is told before they have been hashed.
    var heldBack: Set<Digest> = []

    /// The size of a blob that anybody may be told of.
    func size(of digest: Digest) -> Int64? { heldBack.contains(digest) ? nil : ledger.size(of: digest) }

    /// The blobs that anybody may be told of, in no order.
    var blobs: [BlobInfo] { ledger.blobs.filter { !heldBack.contains($0.digest) } }

    /// Forgets blobs, and the images that are nothing without them.
    mutating func forget(_ blobs: [BlobInfo]) {
        for blob in blobs {
            ledger.remove(blob.digest)
            catalog.remove(blob.digest)
            graph.forget(blob.digest)
            heldBack.remove(blob.digest)
        }
    }
}
