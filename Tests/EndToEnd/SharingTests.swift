import Testing

extension EndToEnd {
    /// What nodes do for each other.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry"), .program("containerd")))
    struct SharingTests {
        @Test("three nodes share an image although its registry has been switched off")
        func registryOff() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.demo)
                let registry = try await lan.registry()
                let nodes = try await lan.trustedNodes(3)
                let sentBefore = try await registry.machine.bytesSent()
                try await Containerd(on: nodes[0]).pull(image.tagged())
                let sent = try await registry.machine.bytesSent() - sentBefore
                #expect(sent >= image.bytes)
                #expect(Double(sent) < Double(image.bytes) * 1.03)
                for node in nodes.dropFirst() { try await node.hears(of: nodes[0], holding: image.blobs.count + 1) }
                try await registry.switchOff()

                // By tag on one, by digest on the other.
                let second = try await Containerd(on: nodes[1])
                report("a pull from a peer, registry off", try await second.pull(image.tagged()))
                let third = try await Containerd(on: nodes[2])
                try await third.pull(image.pinned())
                for node in nodes.dropFirst() {
                    let bytes = try await node.status().bytes
                    #expect(bytes.upstream == 0)
                    #expect(bytes.peers >= image.bytes)
                    #expect(bytes.peers < image.bytes + image.bytes / 10)
                }
                let served = try await nodes[0].status().bytes.servedToPeers + nodes[1].status().bytes.servedToPeers
                #expect(served >= 2 * image.bytes)
                #expect(try await second.say(image.tagged(), "/bin/sh", "-c", "cat /etc/mark") == "demo\n")
            }
        }

        @Test("an agent that is told to stop drains, and its peers forget it at once")
        func goodbye() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.demo)
                _ = try await lan.registry()
                let nodes = try await lan.trustedNodes(2)
                try await Containerd(on: nodes[0]).pull(image.tagged())
                try await nodes[1].hears(of: nodes[0], holding: image.blobs.count + 1)

                // A reader in the middle of a blob gets all of it.
                let blob = try image.largestBlob
                async let reader = nodes[0].mirror(
                    "debian/demo/blobs/\(blob.digest)", ["--limit-rate", "\(blob.size / 3)"])
                let before = try await nodes[0].status().bytes.store
                try await eventually("the reader reads") { try await nodes[0].status().bytes.store > before }
                let agent = try nodes[0].agent
                agent.send(15)
                let forgotten = try await eventually("the peer is forgotten", within: .seconds(5)) {
                    try await nodes[1].status().peers.isEmpty
                }
                report("a peer that said goodbye was forgotten", forgotten)
                #expect(forgotten < .seconds(1))
                #expect(try await reader.body.count == blob.size)
                #expect(try await agent.wait(within: .seconds(60)) == .code(0))
            }
        }

        @Test(
            "shoal locate lists every blob of an image with its size and holders, and ends with 1 where nobody has it",
            arguments: [false, true])
        func locate(withKey: Bool) async throws {
            struct Answer: Decodable {
                struct Holder: Decodable { let name: String }
                struct Blob: Decodable {
                    let digest: String
                    let size: Int
                    let here: Bool
                    let peers: [Holder]
                }
                let schema: Int
                let blobs: [Blob]
                let peers: [Holder]
            }
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                _ = try await lan.registry()
                // Without a key what the tag means is upstream's to say, and who holds it the peers'.
                let nodes = withKey ? try await lan.trustedNodes(2) : try await lan.nodes(2)
                try await nodes[0].copyThroughMirror(image)
                try await nodes[1].hears(of: nodes[0], holding: image.blobs.count + 1)
                let found = try await nodes[1].shoal("locate", image.tagged(), "--json")
                #expect(found.exit == .code(0))
                let answer = try JSON.decode(Answer.self, found.text)
                #expect(answer.peers.map(\.name) == ["node1"])
                #expect(Set(answer.blobs.map(\.digest)) == Set(image.blobs.map(\.digest) + [image.digest]))
                #expect(answer.blobs.allSatisfy { !$0.here && $0.peers.map(\.name) == ["node1"] })
                for blob in image.blobs {
                    #expect(answer.blobs.contains { $0.digest == blob.digest && $0.size == blob.size })
                }
                let nobody = try await nodes[1].shoal("locate", "sha256:" + String(repeating: "0", count: 64))
                #expect(nobody.exit == .code(1))
            }
        }
    }
}

extension LAN {
    /// Nodes that hold one cluster key and have found each other.
    func trustedNodes(_ count: Int, _ configuration: AgentConfiguration = AgentConfiguration()) async throws -> [Node] {
        var configuration = configuration
        configuration.keyFile = try await clusterKey()
        return try await nodes(count, configuration)
    }

    /// Nodes that have found each other.
    func nodes(_ count: Int, _ configuration: AgentConfiguration = AgentConfiguration()) async throws -> [Node] {
        var nodes: [Node] = []
        for _ in 0..<count { nodes.append(try await node(configuration)) }
        try await eventually("\(count) nodes find each other") {
            for node in nodes where try await node.status().peers.count < count - 1 { return false }
            return true
        }
        return nodes
    }

    /// An image that the first node's containerd pulled by itself, and a second node that has heard of all of it.
    func heldByContainerd(
        _ name: Fixtures.Name
    ) async throws -> (image: Fixtures.Image, containerd: Containerd, nodes: [Node]) {
        let image = try await Fixtures.image(name)
        _ = try await registry()
        let nodes = try await trustedNodes(2, .besideContainerd)
        let containerd = try await Containerd(on: nodes[0])
        try await containerd.pullPastTheMirror(image.tagged())
        try await nodes[1].locates(image, on: nodes[0])
        return (image, containerd, nodes)
    }

    /// A key of this LAN's.
    func clusterKey() async throws -> String {
        let file = folder.path + "/cluster.key"
        try await Command([Environment.binary, "keygen", file]).run()
        return file
    }
}
