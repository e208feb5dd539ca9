import Content
import Logging

/// What every download of this node shares.
struct DownloadContext: Sendable {
    let store: ImageLayout
    let counters: TransferCounters
    let disk: WorkPool
    let hashing: WorkPool
    let logger: Logger
    /// The download has been verified, and is in the store if the store could take it.
    let finished: @Sendable (Download) -> Void
}
