import OCI

/// The story of an image's pulls, as `shoal explain` prints it.
public struct ExplainText: Sendable {
    private let snapshot: ExplainSnapshot

    /// Renders this answer.
    public init(_ snapshot: ExplainSnapshot) {
        self.snapshot = snapshot
    }

    /// The text, every line ended.
    public func render(_ style: TextStyle) -> String {
        guard snapshot.isKnown else {
            let text =
                "Nothing is known of \(snapshot.query.escapingControls): it was not pulled through this agent lately, "
                + "and nobody on this LAN is known to have it."
            return TextWrap.lines(text, width: TextStyle.width).map { $0 + "\n" }.joined()
        }
        var parts = snapshot.pulls.map { JournalText($0).lines(style) }
        if snapshot.pulls.isEmpty {
            parts.append(["\(snapshot.query.escapingControls) was not pulled through this agent lately."])
        }
        if !snapshot.now.isEmpty { parts.append(now(style)) }
        return parts.map { $0.map { $0 + "\n" }.joined() }.joined(separator: "\n")
    }

    private func now(_ style: TextStyle) -> [String] {
        var table = TextTable(columns: [
            .init(title: "BLOB", minimum: 19), .init(title: "SIZE", isNumber: true), .init(title: "HERE"),
            .init(title: "PEERS", minimum: 12), .init(title: "UPSTREAM", minimum: 8),
        ])
        table.rows = snapshot.now.map { blob in
            let peers = blob.peers.map { $0.complete ? $0.name : "\($0.name) (part)" }
            return [
                .init(JournalText.name(blob.digest)), .init(blob.size.map(Figures.bytes) ?? "?"),
                .init(blob.here ? "yes" : "no", blob.here ? .green : nil),
                .init(peers.isEmpty ? "-" : peers.joined(separator: ", ")), .init(blob.upstream.rawValue),
            ]
        }
        return [style.paint("What a pull would find now", .bold)] + table.lines(style)
    }
}
