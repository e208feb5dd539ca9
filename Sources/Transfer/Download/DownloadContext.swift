import Content
import Discovery
import Logging
import OCI

/// What every download of this node shares.
struct DownloadContext: Sendable {
    let own: NodeID
    /// See ``DownloadPlan/releasesChecked``.
    var releasesChecked = true
    /// See ``DownloadPlan/completes``.
    var completesRanges = false
    /// Whether others may be told that the blob is arriving here, and have it: the rule of trust.
    var mayBeShared: @Sendable (Digest, [Origin]) -> Bool = { _, _ in false }
    let store: ImageLayout
    /// Where the hash chains of what has arrived are kept.
    var chains: ChainStore?
    let counters: TransferCounters
    var rates = TransferRates.none
    /// Of which blobs shares are taken from upstream.
    var shares = SharesTaken()
    /// What manifests say of blobs' sizes.
    var sizes = BlobSizes()
    /// Drops what cut-off downloads have left in the spool; gives how many bytes became free.
    var makeRoom: @Sendable (Int64) -> Int64 = { _ in 0 }
    let disk: WorkPool
    let hashing: WorkPool
    let logger: Logger
    /// Told of each download's begin and end.
    var tell: @Sendable (DownloadEvent) -> Void = { _ in }
    /// Who wants the blob now is not to join the download: the blob is in the store, or another has to be begun. May be said twice.
    let replaced: @Sendable (Download) -> Void
    /// Whether no other download of the blob has told the LAN that it is wanted here; asked when the download has been replaced.
    var isLast: @Sendable (Download) -> Bool = { _ in true }
    /// Nobody is to be told any more what the download has; it has been replaced.
    var left: @Sendable (Download) -> Void = { _ in }
}
