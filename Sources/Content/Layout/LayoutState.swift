import OCI

/// All that an image layout knows without looking at the disk. A value; the layout keeps it under a lock.
struct LayoutState: Sendable {
    var ledger: BlobLedger
    var catalog: Catalog
    var graph = ContentGraph()

    /// Forgets blobs, and the images that are nothing without them.
    mutating func forget(_ blobs: [BlobInfo]) {
        for blob in blobs {
            ledger.remove(blob.digest)
            catalog.remove(blob.digest)
            graph.forget(blob.digest)
        }
    }
}
