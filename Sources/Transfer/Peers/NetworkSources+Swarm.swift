import Discovery
import Integrity
import OCI

/// What peers tell of blobs that are arriving.
extension NetworkSources {
    func wanters(of digest: Digest) -> [NodeID] { [] }
    func claimedSize(of digest: Digest) -> Int64? { nil }
    func report(of digest: Digest, from node: NodeID, since place: PieceLog.Place?) async -> PieceReport? { nil }
    func chain(of digest: Digest, size: Int64, from node: NodeID) async -> HashChain? { nil }
    func announce(_ digest: Digest, size: Int64?) {}
    func withdraw(_ digest: Digest) {}
}
