/// What a former agent noted of a spool file that it left. Claims, until ``soundPieces(in:size:among:isCancelled:)`` has read the bytes.
public struct RecoveredSpool: Hashable, Sendable {
    /// The blob's, in bytes; nil where nobody had told it.
    public internal(set) var size: Int64?
    /// Whether upstream had told the size; else peers had.
    public internal(set) var sizeIsUpstreams = false
    /// Who was asked; nil where nobody was.
    public internal(set) var origin: SpoolOrigin?
    /// In ascending order, each once.
    public var pieces: [SpooledPiece] { noted.values.sorted { $0.piece < $1.piece } }

    private var noted: [Int: SpooledPiece] = [:]

    init() {}

    mutating func take(_ record: SpoolRecord) {
        switch record {
        case .size(let size, let isUpstreams): (self.size, sizeIsUpstreams) = (size, isUpstreams)
        case .origin(let origin): self.origin = origin
        case .piece(let piece): noted[piece.piece, default: piece].update(piece)
        }
    }

    /// Whether there is something to go on from.
    var isWorthwhile: Bool { !noted.isEmpty }

    /// Whether who asks an origin may go on from it: nothing in it is another's word. Not even peers' bytes are taken, which may have been
    /// checked by what another node was told by that registry.
    func isGood(for origin: SpoolOrigin?) -> Bool {
        // What was noted before anybody noted origins is nobody's.
        let isAnybodys = sizeIsUpstreams || noted.values.contains { $0.kind == .upstream }
        return self.origin == origin && (origin != nil || !isAnybodys)
    }

    func piece(_ number: Int) -> SpooledPiece? { noted[number] }
}
