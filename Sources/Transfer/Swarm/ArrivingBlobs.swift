public import Content
public import Discovery
import Integrity
public import OCI

/// What peers may have of blobs that are still on their way to this node.
///
/// Nothing here may fetch anything: what is asked of it comes from strangers.
public protocol ArrivingBlobs: Sendable {
    /// What this node has of a blob that is arriving, or arrived within the last minutes; nil where there is none such, or it may not be
    /// shared.
    ///
    /// - Parameters:
    ///   - began: the log that the asker knows; nil where it knows none.
    ///   - since: how much of that log it knows. The report begins there where `began` still names the log, else at 0.
    ///   - asker: who asks, and so wants the blob; nil where nobody is to be noted.
    func pieceReport(of digest: Digest, began: UInt64?, since: Int, asker: NodeID?) -> PieceReport?

    /// Opens a part of a blob that is arriving.
    ///
    /// Returns when the first byte of the range is here; the reader gives the others as they come in, and throws where the next
    /// ones are neither here nor on their way from upstream. Cancelling the task ends the wait.
    /// - Parameters:
    ///   - range: may end behind the blob's end: then it is meant up to there.
    ///   - wait: how long to wait for the first byte if it is on its way; zero: not at all.
    /// - Returns: nil where the first byte is not here, and will not come within `wait`.
    func openArriving(_ digest: Digest, range: Range<Int64>, wait: Duration) async throws -> (any BlobReader)?

    /// Who else, as far as is known here, has a piece of a blob: where an asker is sent whom this node has no time for.
    func otherHolders(of digest: Digest, piece: Int) -> [NodeID]
}

/// The pieces that are here of a blob.
public struct ArrivingPieces: Sendable, Equatable {
    /// Of the whole blob, in bytes.
    public var size: Int64
    public var pieces: PieceSet

    public init(size: Int64, pieces: PieceSet) {
        self.size = size
        self.pieces = pieces
    }
}

extension ArrivingBlobs {
    /// All that the log of a blob's arrivals tells; nil where there is none.
    public func pieces(of digest: Digest) -> ArrivingPieces? {
        guard var page = pieceReport(of: digest, began: nil, since: 0, asker: nil) else { return nil }
        var arriving = Self.none(of: page.size)
        while true {
            for arrival in page.arrivals where 0..<arriving.pieces.count ~= arrival.piece {
                arriving.pieces.insert(arrival.piece)
            }
            let known = page.since + page.arrivals.count
            guard page.hasMore, !page.arrivals.isEmpty,
                let next = pieceReport(of: digest, began: page.began, since: known, asker: nil)
            else { return arriving }
            // A log that began anew takes back what the one before it said.
            if next.began != page.began { arriving = Self.none(of: next.size) }
            page = next
        }
    }

    private static func none(of size: Int64) -> ArrivingPieces {
        let count = Int((max(size, 1) - 1) / HashChain.pieceSize) + 1
        return ArrivingPieces(size: size, pieces: PieceSet(count: count))
    }
}
