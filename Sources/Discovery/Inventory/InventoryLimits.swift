/// What bounds a page and the memory of changes; docs/protocol.md gives these figures to other implementations.
struct InventoryLimits: Sendable {
    /// Touched blobs and references that deltas can be made of.
    var log = 10_000
    /// Entries of one page; with names at their longest a page stays below 2 MiB of JSON.
    var blobsPerPage = 5_000
    var referencesPerPage = 750
}
