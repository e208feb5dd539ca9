import Content
import Discovery
import Gateway
import Transfer

/// What metrics tell beside the status: numbers of parts, of which there are as many however large the LAN is.
public struct MetersSnapshot: Sendable {
    var mirrorRequests: [RequestCounters.Key: Int] = [:]
    var peerRequests: [RequestCounters.Key: Int] = [:]
    var mirrorRefusals: [HTTPRefusal.Reason: Int] = [:]
    var peerRefusals: [HTTPRefusal.Reason: Int] = [:]
    var mirrorBytes: Int64 = 0
    var peerBytes: Int64 = 0
    var readers = ReaderCounts()
    var downloads = DownloadCounts()
    var pieces: Int64 = 0
    /// Hashing of what arrives, and of what lies in the stores.
    var arrivingWork = HashingTally.Work()
    var storedWork = HashingTally.Work()
    /// Blobs of other nodes, and pairs of blob and holder.
    var indexedBlobs = 0
    var indexedPairs = 0
    var discovery = DiscoveryCounters()
    var uploads = 0
    var uploadLimit = 0
    var uploadRefusals: Int64 = 0

    /// Nothing has happened.
    public init() {}
}
