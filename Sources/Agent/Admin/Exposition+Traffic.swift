import Gateway
import Transfer

/// What comes, what goes, and who asked for it.
extension Exposition {
    mutating func addRequests(_ status: StatusSnapshot, _ meters: MetersSnapshot) {
        add(
            "shoal_requests_total", .counter,
            "Requests to the mirror for blobs and manifests; a hit needed no byte from upstream.",
            [
                Sample(status.requests.hits, ["result": "hit"]),
                Sample(status.requests.misses, ["result": "miss"]),
            ])
        add(
            "shoal_http_requests_total", .counter, "Requests by listener, what they were about, and how they ended.",
            Self.samples("mirror", RequestCounters.Route.mirror, meters.mirrorRequests)
                + Self.samples("peers", RequestCounters.Route.peers, meters.peerRequests))
        add(
            "shoal_http_turned_away_total", .counter,
            "Requests and connections that a listener turned down before anybody was asked.",
            Self.samples("mirror", meters.mirrorRefusals) + Self.samples("peers", meters.peerRefusals))
        add(
            "shoal_http_sent_bytes_total", .counter, "Bytes of bodies that these requests were answered with.",
            [
                Sample(meters.mirrorBytes, ["listener": "mirror"]),
                Sample(meters.peerBytes, ["listener": "peers"]),
            ])
        add(
            "shoal_first_byte_seconds", "From a request for a blob until its first byte could go to the reader.",
            meters.readers.firstByte)
        add(
            "shoal_whole_blob_seconds", "From a request for a whole blob until the reader had been given all of it.",
            meters.readers.wholeBlob)
    }

    mutating func addBytes(_ status: StatusSnapshot, _ meters: MetersSnapshot) {
        add("shoal_store_read_bytes_total", .counter, "Payload read from stores.", status.bytes.store)
        add(
            "shoal_received_bytes_total", .counter, "Payload received, duplicates and manifests included.",
            [
                Sample(status.bytes.peers, ["source": "peers"]),
                Sample(status.bytes.upstream, ["source": "upstream"]),
            ])
        add(
            "shoal_served_to_peers_bytes_total", .counter, "Payload sent to peers.", status.bytes.servedToPeers)
        add(
            "shoal_delivered_bytes_total", .counter,
            "Bytes of blobs given to the mirror's readers, by where they came from.",
            [
                Sample(meters.readers.bytes.store, ["source": "store"]),
                Sample(meters.readers.bytes.peers, ["source": "peers"]),
                Sample(meters.readers.bytes.upstream, ["source": "upstream"]),
            ])
        add(
            "shoal_upstream_saved_bytes_total", .counter,
            "Bytes of blobs given to the mirror's readers that had not come from upstream.", meters.readers.bytes.saved)
    }

    mutating func addDownloads(_ status: StatusSnapshot, _ meters: MetersSnapshot) {
        let swarm = status.swarm
        add("shoal_transfers", .gauge, "Downloads under way.", status.transfers.count)
        add("shoal_downloads_begun_total", .counter, "Downloads of blobs that were begun.", meters.downloads.begun)
        add(
            "shoal_downloads_ended_total", .counter, "Downloads of blobs that ended, by what became of them.",
            DownloadOutcome.allCases.map { outcome in
                Sample(meters.downloads.ended[outcome] ?? 0, ["outcome": outcome.rawValue])
            })
        add(
            "shoal_lookup_seconds", "From the begin of a download until the first source answered with bytes.",
            meters.downloads.lookups)
        add("shoal_pieces_total", .counter, "Pieces of 4 MiB that came whole.", meters.pieces)
        add(
            "shoal_duplicate_bytes_total", .counter, "Payload received of what was here already.", swarm.duplicateBytes)
        add(
            "shoal_pieces_served_early_total", .counter, "Pieces given to peers of blobs that were not whole here yet.",
            swarm.piecesServedEarly)
        add(
            "shoal_damaged_pieces_total", .counter, "Pieces received that were not what had been claimed of them.",
            swarm.damagedPieces)
        add(
            "shoal_hedged_pieces_total", .counter, "Pieces asked of a second source because the first was late.",
            swarm.hedges)
        add(
            "shoal_ownership_moves_total", .counter, "Shares of upstream's pieces that went from one node to another.",
            swarm.ownershipMoves)
        add("shoal_uploads", .gauge, "Answers with blobs' bytes that are going out to peers.", meters.uploads)
        add("shoal_uploads_limit", .gauge, "How many may go out at once.", meters.uploadLimit)
        add(
            "shoal_uploads_refused_total", .counter, "Peers told to ask elsewhere, because as many went out as may.",
            meters.uploadRefusals)
    }

    private static func samples(_ listener: String, _ refusals: [HTTPRefusal.Reason: Int]) -> [Sample] {
        HTTPRefusal.Reason.ofServer.map { reason in
            Sample(refusals[reason] ?? 0, ["listener": listener, "reason": reason.rawValue])
        }
    }

    private static func samples(
        _ listener: String, _ routes: [RequestCounters.Route], _ counts: [RequestCounters.Key: Int]
    ) -> [Sample] {
        routes.flatMap { route in
            RequestCounters.Result.allCases.map { result in
                Sample(
                    counts[.init(route: route, result: result)] ?? 0,
                    ["listener": listener, "route": route.rawValue, "result": result.rawValue])
            }
        }
    }
}
