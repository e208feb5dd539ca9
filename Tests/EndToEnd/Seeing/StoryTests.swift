import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    /// What a pull was like, told afterwards and while it happens.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry"), .program("skopeo")))
    struct StoryTests {
        @Test(
            "explain names the nodes that gave a pull its bytes, and how many, on 80 columns; after a restart it does so, too",
            .needs(.program("containerd")))
        func explain() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.demo)
                let registry = try await lan.registry()
                let nodes = try await lan.trustedNodes(3, .besideContainerd)
                let taker = nodes[2]
                try await nodes[0].copyThroughMirror(image)
                try await nodes[1].hears(of: nodes[0], holding: image.blobs.count + 1)
                try await nodes[1].copyThroughMirror(image)
                for holder in nodes.dropLast() {
                    try await taker.hears(of: holder, holding: image.blobs.count + 1)
                }
                try await registry.switchOff()
                try await Containerd(on: taker).pull(image.tagged())

                let pull = try #require(try await taker.story(of: image.tagged()).pulls.first)
                #expect(pull.outcome == "complete" && pull.by == "mirror" && pull.digest == image.digest)
                #expect(pull.image == image.tagged())
                #expect(Set(pull.given.keys).isSubset(of: ["node1", "node2", "store"]))
                let given = pull.given.values.reduce(0, +)
                #expect(given >= image.bytes && given <= image.bytes + image.bytes / 50)
                let layers = image.blobs.reduce(0) { $0 + $1.size }
                #expect(pull.bytes.all == image.bytes && pull.bytes.upstream == 0)
                // containerd asks what the tag means first: so the manifest is here when it is read.
                #expect(pull.bytes.peers >= layers)
                #expect(Set(pull.blobs.map(\.digest)) == Set(image.blobs.map(\.digest) + [image.digest]))
                #expect(pull.blobs.allSatisfy { $0.verified == "whole" && $0.outcome == "complete" })
                let received = try await taker.status().bytes.peers
                #expect(abs(received - given) <= given / 50, "status counts the same bytes")
                #expect(try taker.log().contains("pulled "))

                let text = try await taker.shoal("explain", image.tagged()).text
                #expect(text.split(separator: "\n").filter { $0.count > 80 }.map(String.init) == [])
                #expect(text.contains("node1 ") && !text.contains("\u{1b}"))
                #expect(text.contains("What a pull would find now"))

                try await taker.stopAgent()
                try await taker.startAgent()
                let after = try #require(try await taker.story(of: image.tagged()).pulls.first)
                #expect(after.id == pull.id && after.given == pull.given)
                let other = try await taker.shoal("explain", "registry.test/no/such:1")
                #expect(other.exit == .code(1))
                #expect(other.text.hasPrefix("Nothing is known of registry.test/no/such:1"))
            }
        }

        @Test("a pull by the agent itself is told of as well, and what is here already as such")
        func pulledByShoal() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                _ = try await lan.registry()
                let node = try await lan.node()
                _ = try await node.pull(image.tagged(), "--into", "store")
                let first = try #require(try await node.story(of: image.tagged()).pulls.first)
                #expect(first.by == "pull" && first.outcome == "complete")
                #expect(first.given.keys.sorted() == ["upstream"] && first.bytes.upstream >= image.bytes)
                try await node.copyThroughMirror(image)
                let told = try await node.story(of: image.tagged(), pulls: 2)
                #expect(
                    told.pulls[0].by == "mirror" && told.pulls[0].bytes.store >= image.blobs.reduce(0) { $0 + $1.size })
                #expect(told.now.allSatisfy { $0.here && $0.upstream == "not needed" })
            }
        }

        @Test(
            "a holder whose bytes are damaged, and one whose power is gone, are told of as what failed",
            .needs(.program("tc")))
        func failures() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.random)
                _ = try await lan.registry()
                let nodes = try await lan.trustedNodes(2)
                let (holder, taker) = (nodes[0], nodes[1])
                try await holder.read(image, within: .seconds(120))
                let blob = try image.largestBlob
                try await taker.locates(blob.digest, on: holder)
                try holder.flipBit(in: blob.digest, at: blob.size / 2)
                try await taker.read(image, within: .seconds(120))
                let pull = try #require(try await taker.story(of: blob.digest).pulls.first)
                #expect(pull.failures(of: holder.name).contains("damaged"))
                #expect(pull.given["upstream"] ?? 0 > 0, "upstream has mended it")

                let small = try await Fixtures.image(.small)
                try await holder.copyThroughMirror(small)
                try await taker.locates(try small.largestBlob.digest, on: holder)
                // The manifest is had while the holder is well: else that request finds it gone, and no blob is asked of it.
                let manifest = try await taker.mirror(
                    "\(small.repository)/manifests/\(small.digest)", Node.manifestTypes, namespace: "registry.test")
                #expect(manifest.status == 200)
                try await holder.machine.plug(false)
                try await taker.copyThroughMirror(small)
                let next = try #require(try await taker.story(of: small.tagged()).pulls.first)
                #expect(next.outcome == "complete")
                let failures = Set(next.failures(of: holder.name))
                print("  measured: a node without power failed with \(failures.sorted())")
                #expect(!failures.isEmpty && failures.isSubset(of: ["timed_out", "stalled", "refused", "gone"]))
            }
        }

        @Test("events prints what happens, a line each, until Ctrl-C; without an agent it says so in one line")
        func events() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                _ = try await lan.registry()
                let node = try await lan.node()
                let log = lan.folder.path + "/events"
                let command = [Environment.binary, "events", "--socket", node.folder + "/shoal.sock"]
                let all = try lan.start(command, on: node.machine, log: log)
                let pulls = try lan.start(command + ["--type", "pull"], on: node.machine, log: log + "-pulls")
                try await eventually("somebody listens") { try Self.lines(log).first?.type == "listening" }
                // The other one says nothing before there is a pull: so it is asked until it has heard of one.
                try await eventually("a pull is told of", within: .seconds(60)) {
                    try await node.copyThroughMirror(image)
                    return try !Self.lines(log + "-pulls").isEmpty
                }
                #expect(
                    try Self.lines(log + "-pulls").allSatisfy { $0.type == "pull" && $0.pull?.image == image.tagged() })
                try await eventually("the download is told of") {
                    try Set(Self.lines(log).map(\.type)).isSuperset(of: ["transfer_began", "transfer_ended", "pull"])
                }
                let neighbour = try await lan.node()
                try await eventually("a newcomer is told of") {
                    try Self.lines(log).contains { $0.type == "peer_joined" && $0.name == neighbour.name }
                }
                all.send(SIGINT)
                #expect(try await all.wait(within: .seconds(10)) == .code(0))
                let stopping = ContinuousClock.now
                try await node.stopAgent()
                #expect(.now - stopping < .seconds(10), "who listens does not hold the agent up")
                #expect(try await pulls.wait(within: .seconds(10)) == .code(1))
                let nobody = try await node.shoal("events")
                #expect(nobody.exit == .code(1))
                #expect(nobody.errors.split(separator: "\n").count == 1 && nobody.errors.contains("no agent reachable"))
            }
        }

        @Test("with --log-format json each line is an object, and a request's id runs from the mirror to the sources")
        func logs() async throws {
            struct Line: Decodable {
                let message: String
                let metadata: [String: String]
            }
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                _ = try await lan.registry()
                var configuration = AgentConfiguration()
                configuration.launcher = ["sh", "-c", #"exec "$@" --log-level debug --log-format json"#, "sh"]
                let node = try await lan.node(configuration)
                try await node.copyThroughMirror(image)
                let digest = try image.largestBlob.digest.dropFirst("sha256:".count)
                var pulled: [String: String] = [:]
                try await eventually("the log tells of a request from the mirror to its source, and of the pull") {
                    let lines = try node.log().split(separator: "\n").filter { $0.hasPrefix("{") }
                        .map { try JSON.decode(Line.self, String($0)) }
                    let run = lines.first { line in
                        line.message == "run ended" && digest.hasPrefix(line.metadata["digest"] ?? "-")
                    }
                    guard let id = run?.metadata["request_id"] else { return false }
                    let told = Set(lines.filter { $0.metadata["request_id"] == id }.map(\.message))
                    pulled = lines.first { $0.message == "pulled" }?.metadata ?? [:]
                    return !pulled.isEmpty && told.isSuperset(of: ["a download is read", "run ended", "answered"])
                }
                #expect(pulled["image"] == image.tagged() && pulled["outcome"] == "complete")
                #expect(Int(pulled["upstream_bytes"] ?? "") == image.bytes)
                #expect(Int(pulled["bytes_per_second"] ?? "") ?? 0 > 0)
            }
        }

        private struct Event: Decodable {
            struct Pull: Decodable { let image: String }
            let type: String
            let name: String?
            let pull: Pull?
        }

        /// Whole lines of JSON that a file has.
        private static func lines(_ path: String) throws -> [Event] {
            try String(decoding: Data(contentsOf: URL(filePath: path)), as: UTF8.self).split(separator: "\n").filter {
                $0.hasSuffix("}")
            }
            .map { try JSON.decode(Event.self, String($0)) }
        }
    }
}
