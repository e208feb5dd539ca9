/// A status in Prometheus' text format, version 0.0.4.
///
/// The number of series does not grow with peers or blobs.
public struct MetricsText: Sendable, CustomStringConvertible {
    /// The exposition, every line ended.
    public private(set) var description = ""

    /// Writes the metrics of a status.
    public init(_ status: StatusSnapshot) {
        add(
            "shoal_build_info", .gauge, "The version that runs here.",
            [Sample(1, ["version": status.node.version])])
        add("shoal_uptime_seconds", .gauge, "Time since the agent started.", [Sample(status.node.uptimeSeconds)])
        add(
            "shoal_requests_total", .counter,
            "Requests to the mirror for blobs and manifests; a hit needed no byte from upstream.",
            [
                Sample(status.requests.hits, ["result": "hit"]),
                Sample(status.requests.misses, ["result": "miss"]),
            ])
        add(
            "shoal_store_read_bytes_total", .counter, "Payload read from stores.", [Sample(status.bytes.store)])
        add(
            "shoal_received_bytes_total", .counter, "Payload received, duplicates and manifests included.",
            [
                Sample(status.bytes.peers, ["source": "peers"]),
                Sample(status.bytes.upstream, ["source": "upstream"]),
            ])
        add(
            "shoal_served_to_peers_bytes_total", .counter, "Payload sent to peers.",
            [Sample(status.bytes.servedToPeers)])
        let swarm = status.swarm
        add(
            "shoal_duplicate_bytes_total", .counter, "Payload received of what was here already.",
            [Sample(swarm.duplicateBytes)])
        add(
            "shoal_pieces_served_early_total", .counter, "Pieces given to peers of blobs that were not whole here yet.",
            [Sample(swarm.piecesServedEarly)])
        add(
            "shoal_damaged_pieces_total", .counter, "Pieces received that were not what had been claimed of them.",
            [Sample(swarm.damagedPieces)])
        add(
            "shoal_hedged_pieces_total", .counter, "Pieces asked of a second source because the first was late.",
            [Sample(swarm.hedges)])
        add(
            "shoal_ownership_moves_total", .counter, "Shares of upstream's pieces that went from one node to another.",
            [Sample(swarm.ownershipMoves)])
        add("shoal_store_blobs", .gauge, "Blobs in Shoal's own store.", [Sample(status.store.blobs)])
        add("shoal_store_bytes", .gauge, "Size of Shoal's own store.", [Sample(status.store.bytes)])
        add(
            "shoal_store_capacity_bytes", .gauge, "How much Shoal's own store may take.",
            [Sample(status.store.capacity)])
        add("shoal_shared_blobs", .gauge, "Blobs offered to peers.", [Sample(status.shared.blobs)])
        add("shoal_shared_bytes", .gauge, "Size of the blobs offered to peers.", [Sample(status.shared.bytes)])
        add(
            "shoal_peers", .gauge, "Other nodes known.",
            ["alive", "suspect"].map { state in
                Sample(status.peers.count { $0.state == state }, ["state": state])
            })
        add("shoal_transfers", .gauge, "Downloads under way.", [Sample(status.transfers.count)])
        add("shoal_warnings", .gauge, "Warnings that shoal status shows.", [Sample(status.warnings.count)])
    }

    private enum Kind: String {
        case counter, gauge
    }

    private struct Sample {
        var value: Int64
        var labels: KeyValuePairs<String, String>

        init(_ value: some BinaryInteger, _ labels: KeyValuePairs<String, String> = [:]) {
            self.value = Int64(value)
            self.labels = labels
        }
    }

    private mutating func add(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
        description += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
        for sample in samples {
            let labels = sample.labels.map { "\($0.key)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",")
            description += labels.isEmpty ? "\(name) \(sample.value)\n" : "\(name){\(labels)} \(sample.value)\n"
        }
    }

    private static func escaped(_ value: String) -> String {
        value.reduce(into: "") { text, character in
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.append(character)
            }
        }
    }
}
