import OCI

/// One pull of the journal: what it came to, and below each blob who gave it, and who did not.
struct JournalText {
    private static let nameWidth = 16

    private let entry: JournalEntry

    init(_ entry: JournalEntry) {
        self.entry = entry
    }

    static func name(_ digest: Digest) -> String { "\(digest.algorithm.rawValue):\(digest.short)" }

    func lines(_ style: TextStyle) -> [String] {
        let bytes = entry.bytes
        let way = entry.by == .pull ? "by shoal pull" : "through the mirror"
        let began = entry.began.prefix(19).map { $0 == "T" ? " " : String($0) }.joined().escapingControls
        var lines = [
            style.paint("Pulled \(began)Z \(way): ", .bold)
                + style.paint(entry.outcome.escapingControls, Self.color(entry.outcome))
        ]
        lines += Self.wrapped(entry.image, indent: 2)
        if let digest = entry.digest { lines.append("  \(digest)") }
        lines += [
            "  \(Figures.bytes(bytes.all)) in \(Figures.seconds(entry.seconds)), "
                + "\(Figures.bytes(Figures.rate(bytes.all, seconds: entry.seconds)))/s",
            "  \(Figures.bytes(bytes.peers)) from peers, \(Figures.bytes(bytes.upstream)) from upstream, "
                + "\(Figures.bytes(bytes.store)) from this node",
        ]
        if let failure = entry.failure { lines += Self.wrapped(failure, indent: 2) }
        guard !entry.blobs.isEmpty else { return lines + ["  Nothing had to be fetched."] }
        let table = blobs.lines(style)
        return lines + table.prefix(1) + zip(table.dropFirst(), entry.blobs).flatMap { [$0] + Self.details($1, style) }
    }

    private var blobs: TextTable {
        var table = TextTable(columns: [
            .init(title: "BLOB", minimum: 19), .init(title: "SIZE", isNumber: true),
            .init(title: "TIME", isNumber: true), .init(title: "RATE", isNumber: true), .init(title: "VERIFIED"),
            .init(title: "OUTCOME"),
        ])
        table.rows = entry.blobs.map { blob in
            [
                .init(Self.name(blob.digest)), .init(blob.size.map(Figures.bytes) ?? "?"),
                .init(Figures.seconds(blob.seconds)), .init("\(Figures.bytes(blob.rate))/s"),
                .init(Self.words[blob.verified] ?? blob.verified), .init(blob.outcome, Self.color(blob.outcome)),
            ]
        }
        return table
    }

    /// What was right about the bytes.
    private static let words = ["whole": "whole hash", "chain": "by pieces", "none": "not"]

    private static func color(_ outcome: String) -> TextStyle.Color? {
        switch outcome {
        case "complete": .green
        case "failed": .red
        default: .yellow
        }
    }

    // MARK: Sources

    private static func details(_ blob: JournalEntry.Blob, _ style: TextStyle) -> [String] {
        var lines = blob.sources.map { source in
            let name = TextTable.cut(source.words, to: nameWidth)
            let padding = String(repeating: " ", count: nameWidth - name.count)
            return TextTable.cut("    \(name)\(padding)  \(told(source))", to: TextStyle.width)
        }
        if let failure = blob.failure { lines += wrapped(failure, indent: 4) }
        return lines
    }

    /// `20.1 MB at 25.1 MB/s, 5 pieces; refused, stalled 2 times`
    private static func told(_ source: JournalEntry.Source) -> String {
        let failures = source.failures.map { failure in
            let word = failure.reason.split(separator: "_").joined(separator: " ").escapingControls
            return failure.count == 1 ? word : "\(word) \(failure.count) times"
        }.joined(separator: ", ")
        var words: String
        if source.bytes > 0 {
            words = "\(Figures.bytes(source.bytes)) at \(Figures.bytes(source.rate))/s"
            words += ", \(Figures.count(source.pieces, "piece"))"
        } else {
            words = source.held ? "had it, " : ""
            words += source.requests > 0 ? "gave nothing" : "was not asked"
        }
        if !failures.isEmpty { words += "; \(failures)" }
        return words
    }

    private static func wrapped(_ text: String, indent: Int) -> [String] {
        TextWrap.lines(text.escapingControls, width: TextStyle.width - indent)
            .map { String(repeating: " ", count: indent) + $0 }
    }
}

extension JournalEntry.Source {
    /// A peer by its name, which is a stranger's text; `upstream`; `this node`.
    fileprivate var words: String {
        switch kind {
        case "peer": (name ?? id ?? "a peer").escapingControls
        case "store": "this node"
        default: kind.escapingControls
        }
    }
}
