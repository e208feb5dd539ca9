public import Integrity

/// A piece of an arriving blob, as its spool's journal notes it: that it is there, and by what it can be checked again.
public struct SpooledPiece: Hashable, Sendable {
    /// Why its bytes counted.
    public enum Kind: UInt8, Hashable, Sendable {
        /// They are upstream's own.
        case upstream = 1
        /// They are a peer's, and were checked when they came.
        case checked = 2
    }

    /// Which one of the ``HashChain/pieceSize``.
    public var piece: Int
    public var kind: Kind
    /// Of the piece alone.
    public var sum: PieceSum?
    /// SHA-256's state after the piece: for those at the blob's front, which have been hashed in a row.
    public var state: SHA256State?

    /// One without `sum` and without `state` cannot be checked again, and is not noted.
    public init(piece: Int, kind: Kind, sum: PieceSum? = nil, state: SHA256State? = nil) {
        self.piece = piece
        self.kind = kind
        self.sum = sum
        self.state = state
    }

    /// Takes up what was noted later of the same piece. A sum is of bytes that have just come: a state from before is no longer
    /// theirs. A state is of bytes that are there: their sum stays.
    mutating func update(_ later: SpooledPiece) {
        let sum = later.sum ?? sum
        self = later
        self.sum = sum
    }
}
