import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    /// What goes past a limit in a real agent, and the pulls that go on beside it.
    @Suite(
        .serialized,
        .needs(
            .root, .sandbox, .agent, .program("docker-registry"), .program("containerd"), .program("prlimit"),
            .program("ab"), .program("skopeo")))
    struct LimitTests {
        @Test(
            "an agent that may open few files refuses in words what is too much, and a pull beside that goes upstream")
        func openFiles() async throws {
            try await LAN.with { lan in
                let (large, small) = (try await Fixtures.image(.demo), try await Fixtures.image(.small))
                let blob = try large.largestBlob
                _ = try await lan.registry()
                try await FaultProxy.with { proxy in
                    var configuration = AgentConfiguration()
                    configuration.upstreams = ["registry.test": "http://proxy.test"]
                    configuration.launcher = ["prlimit", "--nofile=256:256"]
                    let node = try await lan.node(configuration)
                    proxy.set(.hold(after: blob.size / 2))
                    let url = "http://127.0.0.1:5050/v2/debian/demo/blobs/\(blob.digest)?ns=registry.test"
                    let readers = try (1...60).map { number in
                        try lan.start(
                            [
                                "curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}\\n", url,
                            ], on: node.machine, log: "\(node.folder)/reader-\(number)")
                    }
                    // 256 files are 32 connections; the others are told so at once.
                    try await eventually("those that are too many have been answered", within: .seconds(60)) {
                        readers.count { $0.exit != nil } >= 60 - 32
                    }
                    #expect(try Self.answers(in: node) == ["503"])
                    try await Containerd(on: node).pull(small.tagged())
                    proxy.set(.none)
                    for reader in readers { #expect(try await reader.wait(within: .seconds(120)) == .code(0)) }
                    #expect(try Self.answers(in: node) == ["200", "503"])
                    #expect(try node.agent.isRunning)
                    // There is room again.
                    #expect(try await node.mirror("debian/demo/blobs/\(blob.digest)", ["--head"]).status == 200)
                }
            }
        }

        @Test(
            "ten thousand requests of five hundred clients of this machine are all answered, without a word in the configuration"
        )
        func fiveHundredClients() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let config = try #require(image.blobs.min { $0.size < $1.size })
                _ = try await lan.registry()
                let node = try await lan.node()
                try await node.copyThroughMirror(image)
                let url = "http://127.0.0.1:5050/v2/debian/small/blobs/\(config.digest)?ns=registry.test"
                let report = try await node.machine.run(
                    "ab", "-q", "-n", "10000", "-c", "500", "-s", "60", url, within: .seconds(300))
                #expect(report.contains("Complete requests:      10000"), "\(report)")
                #expect(report.contains("Failed requests:        0"), "\(report)")
                #expect(!report.contains("Non-2xx responses"), "\(report)")
            }
        }

        @Test("blobs that do not fit into the spool's share of the disk pass it by, and the pull gets them")
        func spool() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.demo)
                _ = try await lan.registry()
                var configuration = AgentConfiguration()
                configuration.tables = "[limits]\nspool = \"16MiB\"\n"
                let node = try await lan.node(configuration)
                let pull = try await Containerd(on: node).startPull(image.tagged())
                var most = 0
                try await eventually("the pull ends", within: .seconds(180), every: .milliseconds(20)) {
                    most = max(most, try await Self.bytes(in: node.dataDirectory + "/spool"))
                    return pull.exit != nil
                }
                #expect(pull.exit == .code(0))
                print("  measured: at most \(most >> 10) KiB in the spool")
                #expect(most > 0)
                // Journals and whole blocks are beside what is counted.
                #expect(most < 17 << 20)
                #expect(try await node.status().bytes.upstream >= image.bytes, "it came through the mirror")
            }
        }

        @Test("a stranger who opens connections and never ends a request takes no pull's place")
        func slowLoris() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.demo)
                let registry = try await lan.registry()
                let nodes = try await lan.trustedNodes(2)
                try await nodes[0].copyThroughMirror(image)
                try await nodes[1].hears(of: nodes[0], holding: image.blobs.count + 1)
                // Twice as many as one address may have; beyond those a few are let in to be told so.
                let stranger = try Stranger(connections: 512, to: nodes[0].machine.address)
                // By the reason, for a request that takes too long ends as well.
                let turnedAway = #"shoal_http_turned_away_total{listener="peers",reason="too_many_connections"}"#
                try await eventually("the peer listener lets the stranger have no more", within: .seconds(30)) {
                    try await nodes[0].metrics()(turnedAway) >= 512 - 256 - 64
                }
                try await registry.switchOff()
                try await nodes[1].pullFromPeers(image)
                #expect(try await nodes[1].status().bytes.upstream == 0)
                try await eventually("what never became a request is closed", within: .seconds(60)) {
                    stranger.closed == 512
                }
            }
        }

        /// The statuses that clients have got, each once.
        private static func answers(in node: Node) throws -> Set<String> {
            let texts = try (1...60).map {
                try String(decoding: Data(contentsOf: URL(filePath: "\(node.folder)/reader-\($0)")), as: UTF8.self)
            }
            return Set(texts.flatMap { $0.split(separator: "\n").map(String.init) })
        }

        /// Bytes that a folder takes on the disk; files may go while they are counted.
        private static func bytes(in folder: String) async throws -> Int {
            let result = try await Command(["du", "--summarize", "--block-size=1", folder]).result()
            return result.text.split(separator: "\t").first.flatMap { Int($0) } ?? 0
        }
    }
}

/// Opens connections from the test process's own place, and says the beginning of a request on each.
private final class Stranger {
    private let sockets: [CInt]

    init(connections: Int, to address: String, port: UInt16 = 5051) throws {
        var target = withUnsafeBytes(of: sa_family_t(AF_INET)) { Array($0) } + [UInt8(port >> 8), UInt8(port & 0xff)]
        target += address.split(separator: ".").compactMap { UInt8($0) } + [UInt8](repeating: 0, count: 8)
        let request = Array("GET /v1/node HTTP/1.1\r\nHo".utf8)
        sockets = (0..<connections).map { _ in
            let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
            let isConnected = target.withUnsafeBytes { bytes in
                bytes.withMemoryRebound(to: sockaddr.self) { connect(descriptor, $0.baseAddress, socklen_t(16)) == 0 }
            }
            if isConnected { _ = Glibc.send(descriptor, request, request.count, CInt(MSG_NOSIGNAL)) }
            return descriptor
        }
    }

    deinit {
        for descriptor in sockets { close(descriptor) }
    }

    /// How many the other side has closed, with a word or without.
    var closed: Int {
        sockets.count { descriptor in
            var bytes = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = recv(descriptor, &bytes, bytes.count, CInt(MSG_DONTWAIT))
                if count == 0 { return true }
                if count < 0 { return errno != EAGAIN && errno != EINTR }
            }
        }
    }
}
