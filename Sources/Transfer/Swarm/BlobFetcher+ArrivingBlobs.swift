public import Content
public import Discovery
public import OCI

/// What arrives here is shared as it comes, where it may be shared at all.
extension BlobFetcher: ArrivingBlobs {
    public func pieceReport(of digest: Digest, began: UInt64?, since: Int, asker: NodeID?) -> PieceReport? {
        guard let download = shared(digest) else { return nil }
        if let asker { heard(asker, wants: digest) }
        return download.report(since: began.map { PieceLog.Place(began: $0, count: since) })
    }

    public func openArriving(
        _ digest: Digest, range: Range<Int64>, wait: Duration
    ) async throws -> (any BlobReader)? {
        guard let download = shared(digest), let size = download.size, range.lowerBound < size else { return nil }
        let range = range.clamped(to: 0..<size)
        guard let reader = await download.open(range, wait: wait) else { return nil }
        var counts = SwarmCounts()
        counts.servedEarly = Int64(DownloadPlan.pieces(of: Int64(range.count)))
        counters.add(counts)
        return reader
    }

    public func otherHolders(of digest: Digest, piece: Int) -> [NodeID] {
        shared(digest)?.holders(of: piece) ?? []
    }
}
