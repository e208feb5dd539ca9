import OCI

/// Who holds an image, as `shoal locate` prints it.
public struct LocateText: Sendable {
    private let snapshot: LocateSnapshot

    /// Renders this answer.
    public init(_ snapshot: LocateSnapshot) {
        self.snapshot = snapshot
    }

    /// The text, every line ended.
    public func render(_ style: TextStyle) -> String {
        let query = snapshot.query.escapingControls
        guard snapshot.isHeldAnywhere else { return "Nobody on this LAN is known to have \(query).\n" }
        var table = TextTable(columns: [
            .init(title: "BLOB", minimum: 19), .init(title: "SIZE", isNumber: true), .init(title: "HERE"),
            .init(title: "PEERS"),
        ])
        table.rows = snapshot.blobs.map { blob in
            let peers = blob.peers.map { $0.complete ? $0.name : "\($0.name) (part)" }
            return [
                "\(blob.digest.algorithm.rawValue):\(blob.digest.short)", .init(blob.size.map(Figures.bytes) ?? "?"),
                .init(blob.here ? "yes" : "no", blob.here ? .green : nil),
                .init(peers.isEmpty ? "-" : peers.joined(separator: ", ")),
            ]
        }
        var lines = table.lines(style)[...]
        var text = [query] + lines.prefix(1)
        lines = lines.dropFirst()
        for (line, blob) in zip(lines, snapshot.blobs) {
            text.append(line)
            // Longer than any column could be, and of use only where it is whole.
            if let cid = ContentIdentifier(of: blob.digest) { text.append("    \(cid)") }
        }
        return text.map { $0 + "\n" }.joined()
    }
}
