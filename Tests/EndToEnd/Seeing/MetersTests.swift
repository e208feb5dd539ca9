import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    /// The numbers that are told of what was done, and what shows them.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry")))
    struct MetersTests {
        @Test("status, metrics and history tell what went over the interfaces, within 2%", .needs(.program("promtool")))
        func counts() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.random)
                let registry = try await lan.registry()
                let nodes = try await lan.trustedNodes(3)
                let machines = [registry.machine] + nodes.map(\.machine)
                let before = try await Self.links(machines)
                // One pulls from upstream, the others from those before them.
                for (number, node) in nodes.enumerated() {
                    for other in nodes.prefix(number) {
                        try await node.hears(of: other, holding: image.blobs.count + 1)
                    }
                    try await node.read(image)
                }
                try await eventually("all that was sent is counted") {
                    var served = 0
                    var received = 0
                    for node in nodes {
                        let bytes = try await node.status().bytes
                        (served, received) = (served + bytes.servedToPeers, received + bytes.peers)
                    }
                    return served >= received
                }
                try await eventually("all downloads are over") {
                    for node in nodes {
                        let ended = try await node.metrics()(#"shoal_downloads_ended_total{outcome="stored"}"#)
                        guard ended == image.blobs.count else { return false }
                    }
                    return true
                }
                let after = try await Self.links(machines)
                let wire = zip(after, before).map { $0 - $1 }
                var reports: [MetersReport] = []
                for node in nodes { reports.append(try await node.meters()) }

                // Whoever received it: the interface counts headers, too.
                Self.expect(reports[0].bytes.upstream, isNear: wire[0].sent, "what the registry sent")
                Self.expect(reports[0].bytes.upstream, isNear: wire[1].received, "what the first node received")
                Self.expect(reports[1].bytes.peers, isNear: wire[2].received, "what the second node received")
                Self.expect(reports[2].bytes.peers, isNear: wire[3].received, "what the third node received")
                let served = reports.map(\.bytes.servedToPeers).reduce(0, +)
                Self.expect(served, isNear: wire[1...].map(\.sent).reduce(0, +), "what the nodes sent")
                #expect(reports[1].bytes.upstream + reports[2].bytes.upstream == 0)
                #expect(reports[0].bytes.peers == 0)

                // What the runtimes got, and whose bytes they were.
                let blobs = image.blobs.map(\.size).reduce(0, +)
                #expect(reports.map(\.saved.upstreamBytes) == [0, blobs, blobs])
                Self.expect(reports[2].saved.upstreamBytes, isNear: wire[3].received, "what upstream did not send")
                for (node, report) in zip(nodes, reports) {
                    #expect(report.peers.map(\.receivedBytes).reduce(0, +) == report.bytes.peers, "\(node.name)")
                    #expect(report.peers.filter(\.blamed).isEmpty)
                    #expect(report.requests.hits + report.requests.misses == image.blobs.count + 1)
                    try await Self.check(node, report, image)
                }
            }
        }

        @Test("what was moved today outlives a restart, what was moved since the start does not")
        func today() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                _ = try await lan.registry()
                let node = try await lan.node()
                try await node.read(image)
                let before = try await node.meters()
                #expect(before.today.upstream >= image.blobs.map(\.size).reduce(0, +))
                try await node.stopAgent()
                try await node.startAgent()
                let after = try await node.meters()
                #expect(after.today.upstream == before.today.upstream)
                #expect(after.bytes.upstream == 0)
            }
        }

        @Test("promtool takes the alerts and their tests", .needs(.program("promtool")))
        func rules() async throws {
            let folder = "\(Environment.root)/deploy/prometheus"
            try await Command(["promtool", "check", "rules", folder + "/shoal.rules.yml"]).run()
            try await Command(["promtool", "test", "rules", folder + "/shoal.rules.test.yml"]).run()
        }

        // MARK: Parts

        private static func links(_ machines: [Machine]) async throws -> [LinkBytes] {
            var links: [LinkBytes] = []
            for machine in machines { links.append(try await machine.linkBytes()) }
            return links
        }

        private static func expect(_ counted: Int, isNear onWire: Int, _ what: String) {
            let ratio = Double(counted) / Double(max(1, onWire))
            print("  measured: \(what): \(counted) bytes counted, \(ratio) of those on the wire")
            #expect((0.98...1.02).contains(ratio), "\(what): \(counted) counted, \(onWire) on the wire")
        }

        /// Everything that tells of the same says the same.
        private static func check(_ node: Node, _ report: MetersReport, _ image: Fixtures.Image) async throws {
            let metrics = try await node.metrics()
            let (bytes, today) = (report.bytes, report.today)
            #expect(try metrics(#"shoal_received_bytes_total{source="upstream"}"#) == bytes.upstream)
            #expect(try metrics(#"shoal_received_bytes_total{source="peers"}"#) == bytes.peers)
            #expect(try metrics("shoal_served_to_peers_bytes_total") == bytes.servedToPeers)
            #expect(try metrics("shoal_upstream_saved_bytes_total") == report.saved.upstreamBytes)
            #expect(today.upstream == bytes.upstream && today.peers == bytes.peers)
            #expect(today.store == bytes.store && today.servedToPeers == bytes.servedToPeers)

            let blobs = image.blobs.count
            let size = image.blobs.map(\.size).reduce(0, +)
            #expect(try metrics(#"shoal_http_requests_total{listener="mirror",route="blob",result="ok"}"#) == blobs)
            #expect(try metrics(#"shoal_http_requests_total{listener="mirror",route="manifest",result="ok"}"#) == 1)
            #expect(try metrics(#"shoal_http_sent_bytes_total{listener="mirror"}"#) >= size)
            #expect(try metrics("shoal_first_byte_seconds_count") == blobs)
            #expect(try metrics("shoal_whole_blob_seconds_count") == blobs)
            #expect(try metrics("shoal_downloads_begun_total") == blobs)
            #expect(try metrics(#"shoal_downloads_ended_total{outcome="stored"}"#) == blobs)
            #expect(try metrics("shoal_lookup_seconds_count") == blobs)
            let pieces = image.blobs.map { ($0.size + (4 << 20) - 1) / (4 << 20) }.reduce(0, +)
            #expect(try metrics("shoal_pieces_total") == pieces)
            #expect(try metrics(#"shoal_verified_bytes_total{where="arriving"}"#) >= size)
            #expect(try metrics(#"shoal_peers{state="alive"}"#) == 2)
            #expect(try metrics("shoal_index_blobs") == blobs + 1)
            #expect(try metrics("shoal_index_entries") == 2 * (blobs + 1))
            #expect(try metrics(#"shoal_beacon_datagrams_total{direction="in"}"#) > 0)
            #expect(try metrics(#"shoal_beacon_datagrams_total{direction="out"}"#) > 0)
            try await promtool(metrics.text)

            let history = try await node.history()
            #expect(history.schema == 1 && history.step == 10 && history.upstream.count <= 360)
            #expect(history.upstream.reduce(0, +) == bytes.upstream)
            #expect(history.peers.reduce(0, +) == bytes.peers)
            #expect(history.served.reduce(0, +) == bytes.servedToPeers)
            #expect(history.store.reduce(0, +) == bytes.store)
        }

        /// Says nothing and ends with 0 where all is well.
        private static func promtool(_ metrics: String) async throws {
            let folder = try TemporaryFolder()
            try Data(metrics.utf8).write(to: URL(filePath: folder.path + "/metrics"))
            let result = try await Command(["sh", "-c", #"promtool check metrics < "$0""#, folder.path + "/metrics"])
                .result()
            #expect(result.exit == .code(0), "\(result.errors)")
            #expect(result.text + result.errors == "")
        }
    }
}
