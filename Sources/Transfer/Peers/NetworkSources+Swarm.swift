import Discovery
import Integrity
import Logging
import OCI

/// What peers tell of blobs that are arriving.
extension NetworkSources {
    var hasNeighbours: Bool { directory.hasLivePeers }

    func wanters(of digest: Digest) -> [NodeID] {
        let now = ContinuousClock.now
        return wants.wanters(of: digest).filter { !blamed.contains($0, digest, now: now) }
    }

    func claimedSize(of digest: Digest) -> Int64? {
        let sizes = Set(directory.holders(of: digest).compactMap(\.size)).union(
            wants.size(of: digest).map { [$0] } ?? [])
        guard sizes.count == 1, let size = sizes.first, DownloadPlan.isCredible(size) else { return nil }
        return size
    }

    func announce(_ digest: Digest, size: Int64?) {
        wants.begin(digest, size: size)
    }

    func withdraw(_ digest: Digest) {
        wants.end(digest)
    }

    func report(of digest: Digest, from node: NodeID, since place: PieceLog.Place?) async -> PieceReport? {
        await ask(node, "what it has of a blob", digest) { [peers] address in
            try await peers.pieces(
                of: digest, from: node, at: address, began: place?.began, since: place?.count ?? 0)
        }
    }

    func chain(of digest: Digest, size: Int64, from node: NodeID) async -> HashChain? {
        await ask(node, "for a hash chain", digest) { [peers] address in
            try await peers.chain(of: digest, size: size, from: node, at: address)
        }
    }

    /// Asks a peer at its best address.
    private func ask<Answer: Sendable>(
        _ node: NodeID, _ what: String, _ digest: Digest,
        _ question: @Sendable (PeerAddress) async throws -> Answer
    ) async -> Answer? {
        guard let peer = directory.peer(node), let address = peer.addresses.first else { return nil }
        do {
            let answer = try await question(address)
            directory.report(.worked, of: node, address: address)
            return answer
        } catch {
            if error is DeadPeerError { directory.report(.broke, of: node, address: address) }
            logger.debug(
                "a peer did not answer",
                metadata: ["peer": "\(node)", "asked": "\(what)", "digest": "\(digest.short)", "reason": "\(error)"])
            return nil
        }
    }
}
