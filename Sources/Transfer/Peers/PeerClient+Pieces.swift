import Discovery
import FoundationEssentials
import Integrity
import NIOHTTP1
import OCI

/// What a peer tells of a blob that it has, or that is on its way to it.
extension PeerClient {
    static let reportLimit = 256 << 10

    /// Asks a peer which pieces of a blob have arrived there. The peer learns from it that this node wants the blob.
    ///
    /// Takes 2 s and 256 KiB at most. With a cluster key the answer must prove that it is this peer's.
    /// - Parameters:
    ///   - began: the log that is known of this peer; nil for none.
    ///   - since: how much of it is known.
    /// - Throws: ``PeerAnswerError`` with `.status(404)` where the blob is not arriving there.
    func pieces(
        of digest: Digest, from peer: NodeID, at address: PeerAddress, began: UInt64?, since: Int
    ) async throws -> PieceReport {
        let query = began.map { "?began=\($0)&since=\(since)" } ?? ""
        let body = try await document(
            "/v1/pieces/\(digest)\(query)", of: peer, at: address, limit: Self.reportLimit, time: patience.report)
        let report = try JSONDecoder().decode(PieceReport.self, from: Data(body))
        if let fault = report.fault(began: began, since: since) {
            throw PeerAnswerError.wrong("what \(address) says of its pieces of \(digest) cannot be: \(fault)")
        }
        return report
    }

    /// Fetches the hash chain of a blob, as far as the peer knows it: a claim until its last link has held.
    ///
    /// Takes 10 s at most, and no more bytes than a chain of that size has. With a cluster key the answer must prove that it is this
    /// peer's.
    /// - Parameter size: of the blob.
    /// - Throws: ``PeerAnswerError`` with `.status(404)` where the peer knows none; ``ChainError`` for what is no chain of this blob.
    func chain(of digest: Digest, size: Int64, from peer: NodeID, at address: PeerAddress) async throws -> HashChain {
        // Throws for digests of which there are no chains, before anybody is asked.
        let none = try HashChain(digest: digest, size: size, encoded: [])
        let limit = min(none.boundaries, Self.documentLimit / SHA256State.byteCount) * SHA256State.byteCount
        let body = try await document(
            "/v1/chain/\(digest)", of: peer, at: address, limit: limit, time: patience.chain)
        return try HashChain(digest: digest, size: size, encoded: body)
    }

    /// A document that must be the peer's own, where there is a key to prove it with.
    private func document(
        _ target: String, of peer: NodeID, at address: PeerAddress, limit: Int, time: Duration
    ) async throws -> [UInt8] {
        try await withDeadline(.now + time) {
            let clientNonce = self.newClientNonce()
            var headers = self.introduction
            if let clientNonce { headers.add(name: "Shoal-Challenge", value: clientNonce) }
            let response = try await self.send(target, to: peer, at: address, headers: headers, timeout: time)
            let body = try await self.collect(response, limit: limit)
            guard self.isProven(response, body, by: peer, clientNonce: clientNonce) else {
                throw PeerAnswerError.wrong("the answer of \(address) carries no proof of the cluster key")
            }
            return body
        }
    }
}

extension PieceReport {
    /// Why this cannot be an answer to a question for the log `began` from `since` on; nil if it can.
    func fault(began asked: UInt64?, since askedSince: Int) -> String? {
        guard size >= 0 else { return "the blob has a negative size" }
        guard since == (asked == began ? askedSince : 0) else { return "its log begins at \(since)" }
        guard arrivals.count <= Self.pageLimit else { return "it has \(arrivals.count) arrivals" }
        guard !hasMore || !arrivals.isEmpty else { return "there is more of nothing" }
        let pieces = (max(size, 1) - 1) / HashChain.pieceSize + 1
        guard arrivals.allSatisfy({ 0..<pieces ~= Int64($0.piece) }) else {
            return "it has a piece that the blob has not"
        }
        guard fetching.utf8.count <= PieceSet.maximumTextSize else { return "its pieces under way are too many words" }
        return nil
    }
}
