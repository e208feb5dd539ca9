/// The peers as `shoal peers` prints them.
public struct PeersText: Sendable {
    private let peers: [PeerStatus]

    /// Renders these peers.
    public init(_ snapshot: PeersSnapshot) {
        peers = snapshot.peers
    }

    /// The text, every line ended.
    public func render(_ style: TextStyle) -> String {
        guard !peers.isEmpty else { return "No peers are known.\n" }
        return Self.table(peers).lines(style).map { $0.dropFirst(2) + "\n" }.joined()
    }

    static func table(_ peers: [PeerStatus], _ order: StatusOrder = .name) -> TextTable {
        var table = TextTable(columns: [
            .init(title: "NAME"), .init(title: "STATE"), .init(title: "BLOBS", isNumber: true),
            .init(title: "GAVE", isNumber: true), .init(title: "ADDRESS", minimum: 21), .init(title: "FOUND BY"),
        ])
        table.rows = order.sorted(peers).map { peer in
            let others = peer.addresses.count > 1 ? " +\(peer.addresses.count - 1)" : ""
            return [
                .init(peer.name.isEmpty ? String(peer.id.prefix(12)) : peer.name),
                state(peer), "\(peer.blobs)", .init(Figures.bytes(peer.receivedBytes)),
                .init((peer.addresses.first ?? "-") + others), .init(peer.sources.joined(separator: ", ")),
            ]
        }
        return table
    }

    private static func state(_ peer: PeerStatus) -> TextTable.Cell {
        if peer.blamed { return .init("\(peer.state), blamed", .red) }
        return .init(peer.state, peer.state == "alive" ? .green : .yellow)
    }
}
