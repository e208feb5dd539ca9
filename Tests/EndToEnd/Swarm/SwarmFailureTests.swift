import Glibc
import Testing

extension EndToEnd {
    /// What befalls a swarm, and the others that finish.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry"), .program("tc")))
    struct SwarmFailureTests {
        @Test("two nodes are killed, one of them the owner of most pieces, a third is paused, and the others finish")
        func lostNodes() async throws {
            try await Rollout.with { rollout in
                var readers: [String: ImageReader] = [:]
                for node in rollout.nodes { readers[node.name] = try node.startReading(rollout.image) }
                try await rollout.meter.reaches(0.4)
                var shares: [(node: Node, bytes: Int)] = []
                for node in rollout.nodes { shares.append((node, try await node.status().bytes.upstream)) }
                let ranked = shares.sorted { $0.bytes > $1.bytes }.map(\.node)
                try await ranked[0].killAgent()
                try ranked[1].agent.send(SIGSTOP)
                try await rollout.meter.reaches(0.6)
                try await ranked[5].killAgent()
                var took: [Duration] = []
                for node in ranked[2...4] { took.append(try await #require(readers[node.name]).finish()) }
                try await rollout.report("two of six killed, one paused", took: took)
                let copies = try await rollout.meter.copies
                #expect(copies <= 1.7)
            }
        }

        @Test("a paused node goes on where it was when it is woken")
        func woken() async throws {
            try await Rollout.with(3) { rollout in
                let readers = try rollout.nodes.map { try $0.startReading(rollout.image) }
                try await rollout.meter.reaches(0.4)
                try rollout.nodes[0].agent.send(SIGSTOP)
                for reader in readers.dropFirst() { try await reader.finish() }
                try rollout.nodes[0].agent.send(SIGCONT)
                try await readers[0].finish()
                let copies = try await rollout.meter.copies
                #expect(copies <= 1.7)
            }
        }

        @Test(
            "five nodes get an image from one holder with a slow uplink although upstream is off, and spread it among themselves"
        )
        func slowHolder() async throws {
            try await Rollout.with(uplinkMegabitsPerSecond: 1000, withKey: true) { rollout in
                let (image, holder) = (rollout.image, rollout.nodes[0])
                try await holder.read(image)
                for node in rollout.nodes.dropFirst() {
                    try await node.hears(of: holder, holding: image.blobs.count + 1)
                }
                try await rollout.registry.switchOff()
                try await holder.machine.limitLink(megabitsPerSecond: 100)
                let meter = try await CopyMeter(of: image, from: holder.machine)
                let readers = try rollout.nodes.dropFirst().map { try $0.startReading(image) }
                var took: [Duration] = []
                for reader in readers { took.append(try await reader.finish()) }
                let copies = try await meter.copies
                print("  measured: one holder, five others: \(took.max() ?? .zero), it sent \(copies) copies")
                #expect(copies <= 2.5, "each of them from the holder is five")
            }
        }

        @Test("of an upstream that ignores ranges one node streams, and the others follow")
        func rangelessUpstream() async throws {
            var configuration = AgentConfiguration()
            configuration.upstreams = ["registry.test": "http://proxy.test"]
            try await Rollout.with(4, configuration) { rollout in
                try await FaultProxy.with(ignoringRanges: true) { _ in
                    let readers = try rollout.nodes.map { try $0.startReading(rollout.image) }
                    var took: [Duration] = []
                    for reader in readers { took.append(try await reader.finish()) }
                    try await rollout.report("four nodes, upstream ignores ranges", took: took)
                    let copies = try await rollout.meter.copies
                    #expect(copies <= 1.5)
                }
            }
        }
    }
}
