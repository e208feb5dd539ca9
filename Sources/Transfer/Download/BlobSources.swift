import Discovery
import Integrity
import NIOCore
import OCI

/// The sources that a download can ask: peers and upstream. The seam at which tests put sources of their own.
protocol BlobSources: Sendable {
    /// Live peers that hold the whole blob, best first.
    func holders(of digest: Digest) -> [NodeID]
    /// Whether one of the origins' registries can be asked at all.
    func isUpstreamUsable(for origins: [Origin]) -> Bool
    /// Whether there is any live peer.
    var hasNeighbours: Bool { get }
    /// Live peers that want the blob too, or have parts of it.
    func wanters(of digest: Digest) -> [NodeID]
    /// The blob's size, as far as peers agree on it.
    func claimedSize(of digest: Digest) -> Int64?
    /// Opens a source for a range of a blob; nil for all of it.
    /// - Parameters:
    ///   - identity: as whom upstream is asked. Peers hear nothing of it.
    ///   - wait: how long a peer may wait for bytes that are on their way to it.
    func open(
        _ source: DownloadPlan.Source, _ digest: Digest, origins: [Origin], as identity: UpstreamIdentity,
        range: Range<Int64>?, wait: Duration?
    ) async throws(SourceFailure) -> SourceStream
    /// Where what a source sends comes in, as far as it is better received there; nil: anywhere. To be asked for each request.
    func executor(for source: DownloadPlan.Source) -> (any TaskExecutor)?
    /// Asks a peer what it has of a blob that is arriving there; nil where it does not say.
    func report(of digest: Digest, from node: NodeID, since place: PieceLog.Place?) async -> PieceReport?
    /// Asks a peer for a blob's hash chain; nil where it has none.
    func chain(of digest: Digest, size: Int64, from node: NodeID) async -> HashChain?
    /// Tells the LAN that this node wants a blob; told again when the size is known.
    func announce(_ digest: Digest, size: Int64?)
    /// Tells the LAN that this node does not want the blob any more.
    func withdraw(_ digest: Digest)
    /// Asks the LAN who has the blob; who answers is among the holders afterwards.
    func askLAN(for digest: Digest) async
    /// A peer's bytes were wrong (convicted), or were among bytes of which some were wrong.
    func blame(_ finding: BlamedPeers.Finding)
}

extension BlobSources {
    func executor(for source: DownloadPlan.Source) -> (any TaskExecutor)? { nil }
}

/// Why a source gave nothing, or no more, in the words of the plan.
struct SourceFailure: Error {
    var ending: DownloadPlan.Ending
    /// In a word, for people; nil: what the ending says by itself.
    var reason: FailureReason?

    /// Whether another try may end otherwise.
    var mayPass: Bool {
        switch ending {
        case .broke, .busy: true
        case .finished, .refused, .noSuchRange, .lacks: false
        }
    }
}

/// The body of a source's answer.
struct SourceStream {
    /// Where in the blob the body begins.
    var offset: Int64
    /// The size of the whole blob, where the source said so.
    var total: Int64?
    /// The source answered a request for a range with the whole blob.
    var rangeIgnored: Bool
    /// The next chunk; nil at the body's end. Throws ``SourceFailure`` where the transfer breaks.
    var next: () async throws(SourceFailure) -> ByteBuffer?
}
