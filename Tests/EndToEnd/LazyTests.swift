import FoundationEssentials
import Testing

extension EndToEnd {
    /// Readers that want parts of a blob only.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry"), .program("tc")))
    struct LazyTests {
        @Test(
            "a lazily mounted layer moves less than a tenth of itself, and a second node gets the same ranges from the first with upstream off",
            .needs(.program("ctr-remote")))
        func lazyLayer() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.lazy)
                let registry = try await lan.registry()
                let nodes = try await lan.nodes(2)
                let meter = try await CopyMeter(of: image, from: registry.machine)
                let first = LazyReader(node: nodes[0], image: image)
                try await first.resolve()
                try await first.mountAndRead()
                let second = LazyReader(node: nodes[1], image: image)
                try await second.resolve()
                let copies = try await meter.copies
                print("  measured: ranges of a lazy layer moved \(copies) of it")
                #expect(copies < 0.1)

                try await registry.switchOff()
                try await second.mountAndRead()
                let bytes = try await nodes[1].status().bytes
                #expect(bytes.peers > 4_000_000)
                #expect(bytes.upstream < 100_000, "manifests at most")
                #expect(try await nodes[0].status().bytes.upstream < image.bytes / 10, "nor did the rest follow")
                for node in nodes { #expect(try !node.keeps(image.largestBlob.digest)) }
            }
        }

        @Test("with store.complete_ranges the rest of a lazily mounted layer follows", .needs(.program("ctr-remote")))
        func completeRanges() async throws {
            var configuration = AgentConfiguration()
            configuration.tables = "[store]\ncomplete_ranges = true\n"
            try await LAN.with { [configuration] lan in
                let image = try await Fixtures.image(.lazy)
                _ = try await lan.registry()
                let node = try await lan.node(configuration)
                let reader = LazyReader(node: node, image: image)
                try await reader.resolve()
                try await reader.mountAndRead()
                let digest = try image.largestBlob.digest
                try await eventually("the whole layer is kept", within: .seconds(60)) { node.keeps(digest) }
                #expect(try await node.status().bytes.upstream < image.bytes + image.bytes / 20)
            }
        }

        @Test("open-ended ranges on several connections, each dropped after its chunk, fetch each piece once")
        func openEndedRanges() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.random)
                let blob = try image.largestBlob
                let registry = try await lan.registry()
                try await registry.machine.limitUplink(megabitsPerSecond: 200)
                let node = try await lan.node()
                let sentBefore = try await registry.machine.bytesSent()
                let folder = lan.folder.path + "/chunks"
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                // As containerd 2 does with concurrent_layer_fetch_buffer; no chunk ends where a piece does.
                let script = """
                    cd "$0"
                    offset=0
                    while [ "$offset" -lt "$2" ]; do
                        curl --silent --range "$offset-" "$1" | head -c "$3" > "$(printf %010d "$offset")" &
                        offset=$((offset + $3))
                    done
                    wait
                    cat * | sha256sum
                    """
                let url = "http://127.0.0.1:5050/v2/\(image.repository)/blobs/\(blob.digest)?ns=registry.test"
                let digest = try await node.machine.run(
                    "sh", "-c", script, folder, url, "\(blob.size)", "\(5 << 20)", within: .seconds(60))
                #expect(blob.digest == "sha256:" + digest.prefix(64))
                let received = try await node.status().bytes.upstream
                let sent = try await registry.machine.bytesSent() - sentBefore
                print("  measured: \(received) bytes received, \(sent) sent, of \(blob.size)")
                #expect(Double(received) <= Double(blob.size) * 1.02)
                // What is on its way when a request is cut short for a reader far ahead is lost; that happens twice at most.
                #expect(Double(sent) <= Double(blob.size) * 1.2)
            }
        }
    }
}
