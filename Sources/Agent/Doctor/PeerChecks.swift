import Glibc

/// Whether other nodes are known, heard and reachable.
struct PeerChecks: Sendable {
    /// So many are connected to.
    private static let limit = 32
    private static let avahiSocket = "/run/avahi-daemon/socket"
    private static let firewall =
        "let TCP and UDP 5051 through on both nodes (ufw allow 5051; firewall-cmd --permanent --add-port=5051/tcp "
        + "--add-port=5051/udp; nft: tcp dport 5051 accept, udp dport 5051 accept)"

    private let configuration: Configuration
    private let peers: [PeerStatus]?

    /// - Parameter status: nil where no agent answers.
    init(_ configuration: Configuration, _ status: StatusSnapshot?) {
        self.configuration = configuration
        peers = status?.peers
    }

    func findings() async -> [Finding] {
        guard let peers else { return [] }
        return [count(peers)] + (await ports(peers)) + broadcast(peers) + mdns()
    }

    private func count(_ peers: [PeerStatus]) -> Finding {
        let alive = peers.count { $0.state == "alive" }
        guard alive > 0 else {
            return Finding(
                "peers", .warning,
                peers.isEmpty
                    ? "no other node is known" : "none of \(Figures.count(peers.count, "known node")) is alive",
                mend:
                    "is Shoal running there, with the same cluster key, and does UDP 5051 come through? Beyond a router: "
                    + "peers.static = [\"HOST:5051\"] on one node")
        }
        return Finding("peers", .ok, "\(alive) alive of \(Figures.count(peers.count, "known node"))")
    }

    /// A node that is heard and cannot be connected to costs each pull some time.
    private func ports(_ peers: [PeerStatus]) async -> [Finding] {
        let asked = peers.filter { $0.state == "alive" || !$0.addresses.isEmpty }.prefix(Self.limit)
        return await withTaskGroup(of: (Int, Finding?).self) { group in
            for (place, peer) in asked.enumerated() {
                group.addTask { (place, await port(of: peer)) }
            }
            var findings: [Int: Finding] = [:]
            for await (place, finding) in group { findings[place] = finding }
            return findings.sorted { $0.key < $1.key }.map(\.value)
        }
    }

    /// - Returns: nil where one of its addresses takes connections.
    private func port(of peer: PeerStatus) async -> Finding? {
        var first: (address: String, answer: Knock.Answer)?
        for address in peer.addresses.prefix(4) {
            guard let endpoint = ListenEndpoint(text: address) else { continue }
            let answer = await Knock.connects(to: endpoint.address, endpoint.port)
            if case .silent = answer { return nil }
            first = first ?? (address, answer)
        }
        guard let first else { return nil }
        return Finding(
            "peers.port", .warning, "\(peer.name.escapingControls) at \(first.address) \(first.answer)",
            mend: first.answer == .refused ? "there: systemctl status shoal" : Self.firewall)
    }

    private func broadcast(_ peers: [PeerStatus]) -> [Finding] {
        guard configuration.discovery.broadcast else {
            return [Finding("broadcast", .ok, "switched off (discovery.broadcast)")]
        }
        let near = peers.filter { $0.state == "alive" && !Set($0.sources).isDisjoint(with: ["broadcast", "mdns"]) }
        guard !near.isEmpty else { return [] }
        let heard = near.count { $0.sources.contains("broadcast") }
        guard heard < near.count else {
            return [Finding("broadcast", .ok, "\(Figures.count(heard, "node")) heard by broadcast")]
        }
        let silent = near.filter { !$0.sources.contains("broadcast") }.map(\.name.escapingControls).sorted()
        return [
            Finding(
                "broadcast", .warning,
                "\(silent.prefix(5).joined(separator: ", ")) \(silent.count == 1 ? "is" : "are") known by mDNS alone: "
                    + "news come some seconds later, for UDP 5051 does not come through", mend: Self.firewall)
        ]
    }

    private func mdns() -> [Finding] {
        // A daemon that is not there is among the agent's own warnings.
        guard configuration.discovery.mdns, access(Self.avahiSocket, F_OK) == 0 else { return [] }
        return [Finding("mdns", .ok, "avahi-daemon runs")]
    }
}
