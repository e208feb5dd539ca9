import Testing

extension EndToEnd {
    /// Many nodes want the same image, and one copy of it leaves upstream.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry"), .program("tc")))
    struct SwarmTests {
        @Test(
            "six nodes that pull at the same moment with containerd, skopeo and curl cost upstream little more than one copy",
            .needs(.program("containerd"), .program("skopeo")))
        func atOnce() async throws {
            try await Rollout.with { rollout in
                let (image, nodes) = (rollout.image, rollout.nodes)
                let containerd = try await Containerd(on: nodes[0])
                let start = ContinuousClock.now
                async let byContainerd = containerd.pull(image.tagged())
                async let bySkopeo = nodes[1].machine.run(
                    "skopeo", "--insecure-policy", "copy", "--quiet", "--src-tls-verify=false",
                    "docker://127.0.0.1:5050/" + image.tagged(), "dir:\(nodes[1].folder)/copy")
                let readers = try nodes.dropFirst(2).map { try $0.startReading(image) }
                var took: [Duration] = []
                for reader in readers { took.append(try await reader.finish()) }
                took.append(try await byContainerd)
                _ = try await bySkopeo
                took.append(.now - start)
                try await rollout.report("six nodes at once", took: took)
                let copies = try await rollout.meter.copies
                #expect(copies <= 1.3)
                #expect(rollout.ratio(took.max() ?? .zero) < 4, "straight from upstream it takes six times as long")
            }
        }

        @Test("nodes that begin one after another, each while the others pull, cost upstream little more than one copy")
        func spread() async throws {
            try await Rollout.with { rollout in
                var readers: [ImageReader] = []
                for (number, node) in rollout.nodes.enumerated() {
                    try await rollout.meter.reaches(Double(number) * 0.15)
                    readers.append(try node.startReading(rollout.image))
                }
                var took: [Duration] = []
                for reader in readers { took.append(try await reader.finish()) }
                try await rollout.report("starts spread over a copy", took: took)
                let copies = try await rollout.meter.copies
                #expect(copies <= 1.3)
            }
        }

        @Test("a node that joins half way takes what exists from its peers")
        func newcomer() async throws {
            try await Rollout.with(4, uplinkMegabitsPerSecond: 60) { rollout in
                let newcomer = try await rollout.newcomer()
                let readers = try rollout.nodes.map { try $0.startReading(rollout.image) }
                try await rollout.meter.reaches(0.4)
                try await newcomer.startAgent()
                try await newcomer.read(rollout.image)
                for reader in readers { try await reader.finish() }
                let bytes = try await newcomer.status().bytes
                #expect(bytes.peers > rollout.image.bytes * 2 / 3)
                let copies = try await rollout.meter.copies
                #expect(copies <= 1.3)
            }
        }

        @Test("a node without neighbours asks upstream once for each blob")
        func alone() async throws {
            try await Rollout.with(1, uplinkMegabitsPerSecond: 500) { rollout in
                try await rollout.nodes[0].read(rollout.image)
                for blob in rollout.image.blobs {
                    #expect(try rollout.registry.requests(for: "GET /v2/debian/random/blobs/\(blob.digest)").count == 1)
                }
                let copies = try await rollout.meter.copies
                #expect(copies < 1.05)
            }
        }
    }
}
