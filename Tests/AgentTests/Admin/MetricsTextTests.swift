import Content
import Discovery
import Gateway
import Testing
import Transfer

@testable import Agent

@Suite struct MetricsTextTests {
    private func lines(_ status: StatusSnapshot, _ meters: MetersSnapshot = MetersSnapshot()) -> [Substring] {
        MetricsText(status, meters).description.split(separator: "\n")
    }

    @Test("a metric is told with what it is, its type, and its samples")
    func form() throws {
        let text = MetricsText(try .sample()).description
        #expect(
            text.hasPrefix(
                """
                # HELP shoal_build_info The version that runs here.
                # TYPE shoal_build_info gauge
                shoal_build_info{version="0.1.0"} 1
                # HELP shoal_uptime_seconds Time since the agent started.
                # TYPE shoal_uptime_seconds gauge
                shoal_uptime_seconds 8040

                """))
        #expect(text.hasSuffix("\n"))
    }

    @Test(
        "the numbers of a status are there under their names",
        arguments: [
            #"shoal_requests_total{result="hit"} 40"#, #"shoal_requests_total{result="miss"} 3"#,
            "shoal_store_read_bytes_total 100", #"shoal_received_bytes_total{source="peers"} 123456789"#,
            #"shoal_received_bytes_total{source="upstream"} 52000000"#,
            "shoal_served_to_peers_bytes_total 1000000000000", "shoal_duplicate_bytes_total 4096",
            "shoal_pieces_served_early_total 30", "shoal_damaged_pieces_total 1", "shoal_hedged_pieces_total 2",
            "shoal_ownership_moves_total 4", "shoal_store_blobs 12", "shoal_store_bytes 1234567890",
            "shoal_store_capacity_bytes 20000000000", "shoal_shared_blobs 1", "shoal_shared_bytes 999",
            #"shoal_peers{state="alive"} 1"#, #"shoal_peers{state="suspect"} 1"#, "shoal_transfers 2",
            "shoal_warnings 1", "shoal_containerd_connected 1", "shoal_blamed_peers 1",
            #"shoal_peers_found{by="mdns"} 1"#, #"shoal_peers_found{by="broadcast"} 2"#,
            #"shoal_peers_found{by="dns"} 0"#,
        ])
    func status(line: Substring) throws {
        #expect(lines(try .sample()).contains(line))
    }

    @Test("the numbers of the meters are there under their names")
    func meters() throws {
        var meters = MetersSnapshot()
        meters.mirrorRequests = [.init(route: .blob, result: .clientGone): 7]
        meters.peerRequests = [.init(route: .inventory, result: .ok): 8]
        meters.mirrorRefusals = [.tooSlow: 21]
        meters.peerRefusals = [.tooManyConnections: 22]
        (meters.mirrorBytes, meters.peerBytes) = (9, 10)
        meters.readers.bytes = DeliveredBytes(store: 1, peers: 2, upstream: 4)
        meters.downloads.begun = 11
        meters.downloads.ended = [.stored: 5]
        meters.pieces = 12
        meters.arrivingWork = .init(bytes: 13, seconds: 1.5)
        meters.storedWork = .init(bytes: 14, seconds: 0, damaged: 2)
        (meters.indexedBlobs, meters.indexedPairs) = (15, 16)
        (meters.discovery.received, meters.discovery.sent) = (17, 18)
        meters.discovery.dropped = [.wrongMAC: 19]
        (meters.uploads, meters.uploadLimit, meters.uploadRefusals) = (3, 32, 20)
        let lines = self.lines(try .sample(), meters)
        for line in [
            #"shoal_http_requests_total{listener="mirror",route="blob",result="client_gone"} 7"#,
            #"shoal_http_requests_total{listener="mirror",route="blob",result="ok"} 0"#,
            #"shoal_http_requests_total{listener="peers",route="inventory",result="ok"} 8"#,
            #"shoal_http_turned_away_total{listener="mirror",reason="too_slow"} 21"#,
            #"shoal_http_turned_away_total{listener="mirror",reason="too_many_connections"} 0"#,
            #"shoal_http_turned_away_total{listener="peers",reason="too_many_connections"} 22"#,
            #"shoal_http_sent_bytes_total{listener="mirror"} 9"#, #"shoal_http_sent_bytes_total{listener="peers"} 10"#,
            #"shoal_delivered_bytes_total{source="upstream"} 4"#, "shoal_upstream_saved_bytes_total 3",
            "shoal_downloads_begun_total 11", #"shoal_downloads_ended_total{outcome="stored"} 5"#,
            #"shoal_downloads_ended_total{outcome="failed"} 0"#, "shoal_pieces_total 12",
            #"shoal_verified_bytes_total{where="arriving"} 13"#,
            #"shoal_verification_seconds_total{where="arriving"} 1.5"#, "shoal_damaged_blobs_total 2",
            "shoal_index_blobs 15", "shoal_index_entries 16",
            #"shoal_beacon_datagrams_total{direction="in"} 17"#, #"shoal_beacon_datagrams_total{direction="out"} 18"#,
            #"shoal_beacon_dropped_total{reason="wrong_mac"} 19"#, "shoal_uploads 3", "shoal_uploads_limit 32",
            "shoal_uploads_refused_total 20",
        ] {
            #expect(lines.contains(Substring(line)), "\(line)")
        }
    }

    @Test("a bucket of a histogram has those of the smaller ones, too")
    func histogram() throws {
        var meters = MetersSnapshot()
        for milliseconds in [1, 40, 400_000] { meters.readers.wholeBlob.observe(.milliseconds(milliseconds)) }
        let lines = self.lines(try .sample(), meters).filter { $0.hasPrefix("shoal_whole_blob_seconds") }
        #expect(lines.first == #"shoal_whole_blob_seconds_bucket{le="0.001"} 1"#)
        #expect(lines.contains(#"shoal_whole_blob_seconds_bucket{le="0.025"} 1"#))
        #expect(lines.contains(#"shoal_whole_blob_seconds_bucket{le="0.05"} 2"#))
        #expect(lines.contains(#"shoal_whole_blob_seconds_bucket{le="300.0"} 2"#))
        #expect(
            lines.suffix(3) == [
                #"shoal_whole_blob_seconds_bucket{le="+Inf"} 3"#, "shoal_whole_blob_seconds_sum 400.041",
                "shoal_whole_blob_seconds_count 3",
            ])
    }

    @Test("no metric and no series is told twice")
    func unique() throws {
        let series = lines(try .sample()).map { $0.hasPrefix("#") ? $0 : $0.prefix { $0 != " " } }
        #expect(Set(series).count == series.count)
    }

    @Test("a label's value cannot end its line")
    func labels() throws {
        var status = try StatusSnapshot.sample()
        status.node.version = "1\"\\\n2"
        #expect(MetricsText(status).description.contains(#"shoal_build_info{version="1\"\\\n2"} 1"# + "\n"))
    }

    @Test("a thousand peers, a hundred thousand blobs and all that strangers may do do not grow the number of series")
    func series() throws {
        var status = try StatusSnapshot.sample()
        func series(_ status: StatusSnapshot, _ meters: MetersSnapshot) -> Set<Substring> {
            Set(lines(status, meters).filter { !$0.hasPrefix("#") }.map { $0.prefix { $0 != " " } })
        }
        let few = series(status, MetersSnapshot())
        status.peers = (0..<1000).map { (number: Int) -> PeerStatus in
            let states = ["suspect", "alive", "new-word-\(number)"]
            return PeerStatus(
                id: "\(number)", name: "node-\(number)", addresses: ["192.168.0.\(number):5051"],
                state: states[number % 3], sources: ["mdns", "word-\(number)"], blobs: 100_000,
                receivedBytes: Int64(number), blamed: true)
        }
        status.transfers = Array(repeating: status.transfers[0], count: 256)
        status.store.blobs = 100_000
        var meters = MetersSnapshot()
        (meters.indexedBlobs, meters.indexedPairs) = (100_000, 1_000_000)
        for route in RequestCounters.Route.allCases {
            for result in RequestCounters.Result.allCases {
                meters.mirrorRequests[.init(route: route, result: result)] = 1
                meters.peerRequests[.init(route: route, result: result)] = 1
            }
        }
        for reason in HTTPRefusal.Reason.allCases {
            meters.mirrorRefusals[reason] = 1
            meters.peerRefusals[reason] = 1
        }
        for reason in BeaconDrop.allCases { meters.discovery.dropped[reason] = 1 }
        for _ in 0..<1000 { meters.readers.firstByte.observe(.seconds(Int.random(in: 0...1000))) }
        #expect(series(status, meters) == few)
        #expect(few.count < 250)
    }
}
