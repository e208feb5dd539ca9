import OCI

/// A status as `shoal status` prints it: 80 columns, nothing of a stranger's that drives the terminal.
public struct StatusText: Sendable {
    private let status: StatusSnapshot

    /// Renders this status.
    public init(_ status: StatusSnapshot) {
        self.status = status
    }

    /// The text, every line ended.
    public func render(_ style: TextStyle) -> String {
        var lines = head(style) + [""] + figures()
        lines += [""] + section("Peers", status.peers.count, PeersText.table(status.peers).lines(style), style)
        if !status.transfers.isEmpty {
            lines += [""] + section("Transfers", status.transfers.count, TransfersText(status).lines(style), style)
        }
        if !status.warnings.isEmpty {
            lines += [""] + section("Warnings", status.warnings.count, warnings(style), style)
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private func head(_ style: TextStyle) -> [String] {
        let name = TextTable.cut(status.node.name.escapingControls, to: 32)
        let version = status.node.version.escapingControls
        let uptime = Figures.duration(seconds: status.node.uptimeSeconds)
        return [
            "\(style.paint(name, .bold)), Shoal \(version), up \(uptime)",
            "node \(status.node.id.escapingControls)",
        ]
    }

    private func figures() -> [String] {
        let (store, shared, bytes, requests) = (status.store, status.shared, status.bytes, status.requests)
        let full = Figures.percent(store.bytes, of: store.capacity).map { " (\($0)%)" } ?? ""
        let hits = Figures.percent(requests.hits, of: requests.hits + requests.misses)
        let local = hits.map { " (\($0)% without upstream)" } ?? ""
        return [
            "Store      \(Figures.count(store.blobs, "blob")), \(Figures.bytes(store.bytes)) of "
                + "\(Figures.bytes(store.capacity))\(full)",
            "Shared     \(Figures.count(shared.blobs, "blob")), \(Figures.bytes(shared.bytes))",
            "Requests   \(requests.hits) without upstream, \(requests.misses) with\(local)",
            "Received   \(Figures.bytes(bytes.peers)) from peers, \(Figures.bytes(bytes.upstream)) from upstream",
            "Sent       \(Figures.bytes(bytes.store)) from the store, \(Figures.bytes(bytes.servedToPeers)) to peers",
        ]
    }

    private func section(_ title: String, _ count: Int, _ lines: [String], _ style: TextStyle) -> [String] {
        let heading = style.paint("\(title) (\(count))", .bold)
        return count == 0 ? [heading] : [heading] + lines
    }

    private func warnings(_ style: TextStyle) -> [String] {
        status.warnings.flatMap { warning in
            TextWrap.lines(warning.escapingControls, width: TextStyle.width - 4).enumerated().map { index, line in
                (index == 0 ? style.paint("  ! ", .yellow) : "    ") + line
            }
        }
    }
}
