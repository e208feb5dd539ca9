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

    /// What tells these bytes from others.
    public enum Check: Hashable, Sendable {
        /// Of the piece alone.
        case sum(PieceSum)
        /// SHA-256's state after the piece: for those at the blob's front, which have been hashed in a row.
        case state(SHA256State)
    }

    /// Which one of the ``HashChain/pieceSize``.
    public var piece: Int
    public var kind: Kind
    public var check: Check

    public init(piece: Int, kind: Kind, check: Check) {
        self.piece = piece
        self.kind = kind
        self.check = check
    }
}
