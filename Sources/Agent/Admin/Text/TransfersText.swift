import OCI
import Transfer

/// The downloads of a status: a row each, and under it what of the blob is here, how fast it comes, and from whom.
struct TransfersText {
    /// Cells of a bar.
    static let barWidth = 16

    private let transfers: [TransferRecord]
    private let names: [String: String]

    init(_ status: StatusSnapshot, _ order: StatusOrder = .name) {
        transfers = order.sorted(status.transfers)
        names = Dictionary(status.peers.map { ($0.id, $0.name) }) { first, _ in first }
    }

    /// The titles, and the lines of each download.
    func parts(_ style: TextStyle) -> (titles: [String], items: [[String]]) {
        var table = TextTable(columns: [
            .init(title: "BLOB", minimum: 19), .init(title: "HERE", isNumber: true),
            .init(title: "SIZE", isNumber: true), .init(title: "DONE", isNumber: true),
            .init(title: "PEERS", isNumber: true), .init(title: "UPSTREAM", isNumber: true),
            .init(title: "TIME", isNumber: true),
        ])
        table.rows = transfers.map { transfer in
            let done = transfer.size.flatMap { Figures.percent(transfer.present, of: $0) }
            return [
                "\(transfer.digest.algorithm.rawValue):\(transfer.digest.short)",
                .init(Figures.bytes(transfer.present)), .init(transfer.size.map(Figures.bytes) ?? "?"),
                .init(done.map { "\($0)%" } ?? "?"), .init(Figures.bytes(transfer.fromPeers)),
                .init(Figures.bytes(transfer.fromUpstream)),
                .init(Figures.duration(seconds: Int64(max(0, min(transfer.seconds, 1e9))))),
            ]
        }
        let rows = table.lines(style)
        return (Array(rows.prefix(1)), zip(rows.dropFirst(), transfers).map { [$0, detail($1, style.columns)] })
    }

    private func detail(_ transfer: TransferRecord, _ columns: Int) -> String {
        let bar = Self.bar(transfer.pieces ?? "", of: transfer.pieceCount ?? 0)
        let line = "    [\(bar)] \(Figures.bytes(transfer.rate))/s\(sources(transfer))"
        return TextTable.cut(line, to: columns)
    }

    private func sources(_ transfer: TransferRecord) -> String {
        let words = SourceWords.text(
            transfer.sources.map { source in
                let name = source.id.map { names[$0] ?? $0 } ?? source.kind
                return (name.escapingControls, source.bytes)
            }, isOneEnough: false)
        return words.isEmpty ? "" : " from \(words)"
    }

    /// `#` where all pieces are here, `-` where some are, `.` where none is.
    ///
    /// - Parameters:
    ///   - pieces: as in `Shoal-Pieces`; what is no such list is none.
    ///   - count: of how many.
    static func bar(_ pieces: String, of count: Int) -> String {
        guard count > 0, let here = PieceSet(pieces, count: count) else {
            return String(repeating: ".", count: barWidth)
        }
        return String(
            (0..<barWidth).map { cell -> Character in
                let first = cell * count / barWidth
                let range = first..<max(first + 1, (cell + 1) * count / barWidth)
                let present = range.count { here.contains($0) }
                return present == range.count ? "#" : present > 0 ? "-" : "."
            })
    }
}
