import Content
import Integrity

/// What is left for an agent after this one, and what an agent before it has left.
extension DownloadPlan {
    /// Pieces that were left in the spool, and are still what they were.
    mutating func recovered(_ pieces: [SpooledPiece], size: Int64, sizeIsUpstreams: Bool) {
        guard Self.isPossible(size) else { return }
        if self.size == nil { (self.size, self.sizeIsUpstreams) = (size, sizeIsUpstreams) }
        guard self.size == size else { return }
        for piece in pieces {
            present.insert(range(of: piece.piece, size: size), from: piece.kind == .upstream ? .upstream : .checked)
        }
        hasRecovered = hasRecovered || pieces.contains { $0.kind != .upstream }
        noteWholePieces()
    }

    /// Why the bytes of a piece count; nil where they do not yet.
    func kind(of piece: Int) -> SpooledPiece.Kind? {
        guard let size else { return nil }
        let range = range(of: piece, size: size)
        guard !range.isEmpty, present.contains(range) else { return nil }
        let origins = present.origins(in: range)
        return origins.contains(.peer) ? nil : origins.contains(.checked) ? .checked : .upstream
    }

    /// What is to be noted of a piece that was checked just now.
    func note(of piece: Int, _ finding: PieceFinding?) -> SpooledPiece? {
        guard case .sum(let sum) = finding, let kind = kind(of: piece) else { return nil }
        return SpooledPiece(piece: piece, kind: kind, sum: sum)
    }
}
