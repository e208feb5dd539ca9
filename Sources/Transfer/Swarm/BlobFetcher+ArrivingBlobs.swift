public import Content
public import Discovery
public import OCI

/// Downloads do not share what they have before it is verified whole.
extension BlobFetcher: ArrivingBlobs {
    public func pieceReport(of digest: Digest, began: UInt64?, since: Int, asker: NodeID?) -> PieceReport? { nil }

    public func openArriving(
        _ digest: Digest, range: Range<Int64>, wait: Duration
    ) async throws -> (any BlobReader)? { nil }

    public func otherHolders(of digest: Digest, piece: Int) -> [NodeID] { [] }
}
