import Discovery
import Integrity

/// The pieces that this node can give to others, in the order in which it could: what `GET /v1/pieces` tells.
///
/// It only grows. What has to be taken back begins it anew, under another number.
struct PieceLog: Sendable {
    /// How far somebody has read a log.
    struct Place: Hashable, Sendable {
        var began: UInt64
        var count: Int
    }

    private(set) var began: UInt64
    private(set) var arrivals: [PieceReport.Arrival] = []
    /// Which of them are in it with all that is known: a piece may be told of once more when its checksum is known.
    private var told: [Int: Bool] = [:]

    init() {
        began = .random(in: 1 ... .max)
    }

    var isEmpty: Bool { arrivals.isEmpty }

    /// Whether a piece can be had here.
    func contains(_ piece: Int) -> Bool { told[piece] != nil }

    /// A piece can be had here.
    /// - Parameters:
    ///   - sum: made by `origin`, the node that took the piece from upstream.
    mutating func append(_ piece: Int, sum: PieceSum?, origin: NodeID?) {
        guard told[piece] != true, told[piece] == nil || sum != nil else { return }
        told[piece] = sum != nil
        arrivals.append(PieceReport.Arrival(piece: piece, sum: sum, origin: origin))
    }

    /// Something that was told is no longer so.
    mutating func beginAnew() {
        guard !arrivals.isEmpty else { return }
        self = PieceLog()
    }

    /// What came after a place; all of it where the place is in another log.
    func report(since place: Place?, size: Int64, fetching: PieceSet, upstream: Bool) -> PieceReport {
        let start = place.map { $0.began == began && 0...arrivals.count ~= $0.count ? $0.count : 0 } ?? 0
        let page = arrivals[start...].prefix(PieceReport.pageLimit)
        return PieceReport(
            size: size, began: began, since: start, arrivals: Array(page), hasMore: page.endIndex < arrivals.count,
            fetching: fetching.text, upstream: upstream)
    }
}
