import Discovery

/// Who is there, and what is heard and said.
extension Exposition {
    mutating func addNeighbours(_ status: StatusSnapshot, _ meters: MetersSnapshot) {
        add(
            "shoal_peers", .gauge, "Other nodes known.",
            ["alive", "suspect"].map { state in
                Sample(status.peers.count { $0.state == state }, ["state": state])
            })
        add(
            "shoal_peers_found", .gauge, "Other nodes known, by how they were found; one may count several times.",
            Peer.Source.allCases.map { source in
                Sample(status.peers.count { $0.sources.contains(source.rawValue) }, ["by": source.rawValue])
            })
        add(
            "shoal_blamed_peers", .gauge, "Other nodes that sent wrong bytes, or may have, in the last minutes.",
            status.peers.count { $0.blamed })
        add("shoal_index_blobs", .gauge, "Blobs that other nodes are known to hold.", meters.indexedBlobs)
        add("shoal_index_entries", .gauge, "Pairs of such a blob and a node that holds it.", meters.indexedPairs)
        let discovery = meters.discovery
        add(
            "shoal_beacon_datagrams_total", .counter, "Datagrams of the beacon, dropped ones included.",
            [Sample(discovery.received, ["direction": "in"]), Sample(discovery.sent, ["direction": "out"])])
        add(
            "shoal_beacon_unsent_total", .counter, "Datagrams of the beacon that the kernel would not send.",
            discovery.unsent)
        add(
            "shoal_beacon_dropped_total", .counter, "Datagrams that were not taken.",
            BeaconDrop.allCases.map { Sample(discovery.dropped[$0] ?? 0, ["reason": $0.rawValue]) })
        add(
            "shoal_mdns_dropped_total", .counter, "What mDNS told and was not taken.",
            MDNSDrop.allCases.map { Sample(discovery.mdnsDropped[$0] ?? 0, ["reason": $0.rawValue]) })
        add(
            "shoal_questions_total", .counter, "Questions to the LAN who has something.",
            [Sample(discovery.asked, ["direction": "asked"]), Sample(discovery.answered, ["direction": "answered"])])
        add("shoal_wants_told_total", .counter, "Times that the LAN was told what is being fetched.", discovery.wanted)
    }
}
