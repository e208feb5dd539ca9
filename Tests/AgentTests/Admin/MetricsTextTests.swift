import Testing

@testable import Agent

@Suite struct MetricsTextTests {
    @Test("the metrics of a status are Prometheus' text")
    func golden() throws {
        #expect(
            MetricsText(try .sample()).description == """
                # HELP shoal_build_info The version that runs here.
                # TYPE shoal_build_info gauge
                shoal_build_info{version="0.1.0"} 1
                # HELP shoal_uptime_seconds Time since the agent started.
                # TYPE shoal_uptime_seconds gauge
                shoal_uptime_seconds 8040
                # HELP shoal_requests_total Requests to the mirror for blobs and manifests; a hit needed no byte from upstream.
                # TYPE shoal_requests_total counter
                shoal_requests_total{result="hit"} 40
                shoal_requests_total{result="miss"} 3
                # HELP shoal_store_read_bytes_total Payload read from stores.
                # TYPE shoal_store_read_bytes_total counter
                shoal_store_read_bytes_total 100
                # HELP shoal_received_bytes_total Payload received, duplicates and manifests included.
                # TYPE shoal_received_bytes_total counter
                shoal_received_bytes_total{source="peers"} 123456789
                shoal_received_bytes_total{source="upstream"} 52000000
                # HELP shoal_served_to_peers_bytes_total Payload sent to peers.
                # TYPE shoal_served_to_peers_bytes_total counter
                shoal_served_to_peers_bytes_total 1000000000000
                # HELP shoal_duplicate_bytes_total Payload received of what was here already.
                # TYPE shoal_duplicate_bytes_total counter
                shoal_duplicate_bytes_total 4096
                # HELP shoal_pieces_served_early_total Pieces given to peers of blobs that were not whole here yet.
                # TYPE shoal_pieces_served_early_total counter
                shoal_pieces_served_early_total 30
                # HELP shoal_damaged_pieces_total Pieces received that were not what had been claimed of them.
                # TYPE shoal_damaged_pieces_total counter
                shoal_damaged_pieces_total 1
                # HELP shoal_hedged_pieces_total Pieces asked of a second source because the first was late.
                # TYPE shoal_hedged_pieces_total counter
                shoal_hedged_pieces_total 2
                # HELP shoal_ownership_moves_total Shares of upstream's pieces that went from one node to another.
                # TYPE shoal_ownership_moves_total counter
                shoal_ownership_moves_total 4
                # HELP shoal_store_blobs Blobs in Shoal's own store.
                # TYPE shoal_store_blobs gauge
                shoal_store_blobs 12
                # HELP shoal_store_bytes Size of Shoal's own store.
                # TYPE shoal_store_bytes gauge
                shoal_store_bytes 1234567890
                # HELP shoal_store_capacity_bytes How much Shoal's own store may take.
                # TYPE shoal_store_capacity_bytes gauge
                shoal_store_capacity_bytes 20000000000
                # HELP shoal_shared_blobs Blobs offered to peers.
                # TYPE shoal_shared_blobs gauge
                shoal_shared_blobs 1
                # HELP shoal_shared_bytes Size of the blobs offered to peers.
                # TYPE shoal_shared_bytes gauge
                shoal_shared_bytes 999
                # HELP shoal_peers Other nodes known.
                # TYPE shoal_peers gauge
                shoal_peers{state="alive"} 1
                shoal_peers{state="suspect"} 1
                # HELP shoal_transfers Downloads under way.
                # TYPE shoal_transfers gauge
                shoal_transfers 2
                # HELP shoal_warnings Warnings that shoal status shows.
                # TYPE shoal_warnings gauge
                shoal_warnings 1

                """)
    }

    @Test("a label's value cannot end its line")
    func labels() throws {
        var status = try StatusSnapshot.sample()
        status.node.version = "1\"\\\n2"
        #expect(MetricsText(status).description.contains(#"shoal_build_info{version="1\"\\\n2"} 1"# + "\n"))
    }

    @Test("the number of series does not grow with peers")
    func series() throws {
        var status = try StatusSnapshot.sample()
        let few = MetricsText(status).description.split(separator: "\n").count
        status.peers = Array(repeating: status.peers[0], count: 1000)
        #expect(MetricsText(status).description.split(separator: "\n").count == few)
    }
}
