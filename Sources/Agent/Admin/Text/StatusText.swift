import OCI

/// A status as `shoal status` prints it: one screen, no wider than it may be, nothing of a stranger's that drives the terminal.
public struct StatusText: Sendable {
    /// Of a section where no terminal says how many there is room for.
    private static let limit = 20

    private let status: StatusSnapshot
    private let order: StatusOrder

    /// Renders this status.
    public init(_ status: StatusSnapshot, order: StatusOrder = .name) {
        self.status = status
        self.order = order
    }

    /// The text, every line ended.
    public func render(_ style: TextStyle) -> String {
        let sections = self.sections(style)
        return lines(style, sections, sections.map { min($0.items.count, Self.limit) }).map { $0 + "\n" }.joined()
    }

    /// As much of it as there are rows for.
    func lines(_ style: TextStyle, rows: Int) -> [String] {
        let sections = self.sections(style)
        let room = rows - figures(style).count
        return Array(lines(style, sections, StatusSection.fit(sections, into: room)).prefix(max(0, rows)))
    }

    private func lines(_ style: TextStyle, _ sections: [StatusSection], _ shown: [Int]) -> [String] {
        figures(style) + zip(sections, shown).flatMap { [""] + $0.lines($1, style) }
    }

    // MARK: What does not grow

    private func figures(_ style: TextStyle) -> [String] {
        let name = TextTable.cut(status.node.name.escapingControls, to: 32)
        let version = status.node.version.escapingControls
        let uptime = Figures.duration(seconds: status.node.uptimeSeconds)
        let head = TextTable.cut(", Shoal \(version), up \(uptime)", to: max(0, style.columns - name.count))
        let lines =
            ["node \(status.node.id.escapingControls)", ""]
            + [runtime].compactMap(\.self) + amounts
        return [style.paint(name, .bold) + head] + lines.map { TextTable.cut($0, to: style.columns) }
            + [""] + bytes.lines(style)
    }

    private var runtime: String? {
        guard let containerd = status.containerd else { return nil }
        let reason = containerd.reason?.escapingControls ?? "no reason given"
        let words =
            switch containerd.state {
            case "off": "none: runtime.containerd.address is empty"
            case "searching": "no containerd: \(reason)"
            case "following": following(containerd)
            default: "containerd is away: \(reason)"
            }
        return "Runtime    \(words)"
    }

    private func following(_ containerd: ContainerdStatus) -> String {
        let version = (containerd.version ?? "").escapingControls
        let names = containerd.namespaces.joined(separator: ", ").escapingControls
        let amount = "\(Figures.count(containerd.images, "image")), \(Figures.count(containerd.blobs, "blob"))"
        return "containerd \(version), \(names.isEmpty ? "no namespaces" : names): \(amount)"
            + (containerd.reason == nil ? "" : "; its files cannot be read")
    }

    private var amounts: [String] {
        let (store, shared, requests) = (status.store, status.shared, status.requests)
        let full = Figures.percent(store.bytes, of: store.capacity).map { " (\($0)%)" } ?? ""
        let hits = Figures.percent(requests.hits, of: requests.hits + requests.misses)
        let local = hits.map { " (\($0)% without upstream)" } ?? ""
        var lines = [
            "Store      \(Figures.count(store.blobs, "blob")), \(Figures.bytes(store.bytes)) of "
                + "\(Figures.bytes(store.capacity))\(full)",
            "Shared     \(Figures.count(shared.blobs, "blob")), \(Figures.bytes(shared.bytes))",
            "Requests   \(requests.hits) without upstream, \(requests.misses) with\(local)",
        ]
        if let saved = status.saved {
            lines.append("Saved      \(Figures.bytes(saved.upstream)) that upstream did not have to send")
        }
        return lines
    }

    private var bytes: TextTable {
        var table = TextTable(columns: [
            .init(title: "BYTES", minimum: 11), .init(title: "FROM STORE", isNumber: true),
            .init(title: "FROM PEERS", isNumber: true), .init(title: "FROM UPSTREAM", isNumber: true),
            .init(title: "TO PEERS", isNumber: true),
        ])
        if let today = status.today { table.rows.append(Self.row("today", today)) }
        table.rows.append(Self.row("since start", status.bytes))
        return table
    }

    private static func row(_ title: String, _ bytes: ByteCounts) -> [TextTable.Cell] {
        let counts = [bytes.store, bytes.peers, bytes.upstream, bytes.servedToPeers]
        return [TextTable.Cell(title)] + counts.map { TextTable.Cell(Figures.bytes($0)) }
    }

    // MARK: What grows

    private func sections(_ style: TextStyle) -> [StatusSection] {
        let peers = PeersText.table(status.peers, order).lines(style)
        var sections: [StatusSection] = []
        if !status.transfers.isEmpty {
            let parts = TransfersText(status, order).parts(style)
            sections.append(
                StatusSection(
                    heading: "Transfers (\(status.transfers.count))", titles: parts.titles, items: parts.items))
        }
        sections.append(
            StatusSection(heading: peersHeading, titles: Array(peers.prefix(1)), items: peers.dropFirst().map { [$0] }))
        if !status.warnings.isEmpty {
            sections.append(
                StatusSection(
                    heading: "Warnings (\(status.warnings.count))",
                    items: status.warnings.map { warning($0, style) }))
        }
        return sections
    }

    /// `Peers (3): 2 alive; found by broadcast 3, mdns 1`.
    private var peersHeading: String {
        guard !status.peers.isEmpty else { return "Peers (0)" }
        let alive = status.peers.count { $0.state == "alive" }
        let counts = Dictionary(status.peers.flatMap(\.sources).map { ($0, 1) }, uniquingKeysWith: +)
        let found = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
            "\($0.key.escapingControls) \($0.value)"
        }
        return "Peers (\(status.peers.count)): \(alive) alive"
            + (found.isEmpty ? "" : "; found by \(found.joined(separator: ", "))")
    }

    private func warning(_ warning: String, _ style: TextStyle) -> [String] {
        TextWrap.lines(warning.escapingControls, width: max(8, style.columns - 4)).enumerated().map { index, line in
            (index == 0 ? style.paint("  ! ", .yellow) : "    ") + line
        }
    }
}
