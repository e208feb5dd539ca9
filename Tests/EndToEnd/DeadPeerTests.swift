import Testing

extension EndToEnd {
    /// Holders that are not there any more, and were not so kind as to say so.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry"), .program("containerd")))
    struct DeadPeerTests {
        /// As many as one connection after another, each until TCP gives up, would hold a pull up for minutes.
        private static let dead = 10
        /// What ten may add, on a machine that is busy with other things.
        private static let generous = Duration.seconds(2)

        @Test(
            "ten holders at addresses that nobody has cost a pull little, from upstream and from a peer",
            arguments: [false, true])
        func blackHoles(hasPeer: Bool) async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let registry = try await lan.registry()
                let nodes = try await lan.nodes(hasPeer ? 3 : 2)
                let (control, node) = (nodes[0], nodes[1])
                if hasPeer {
                    try await nodes[2].copyThroughMirror(image)
                    for reader in [control, node] {
                        try await reader.hears(of: nodes[2], holding: image.blobs.count + 1)
                    }
                    try await registry.switchOff()
                }
                try await believeInTheDead(node, holding: image)
                // Meanwhile the dead fall silent: those who spoke within a second are not doubted.
                let without = try await Containerd(on: control).pull(image.pinned())
                let peers = try await node.status().peers.filter { $0.name == "stranger" && $0.state == "alive" }
                #expect(peers.count == Self.dead && peers.allSatisfy { $0.blobs > 0 })
                let with = try await Containerd(on: node).pull(image.pinned())
                report("a pull", without)
                report("a pull that ten dead holders were thought of for", with)
                #expect(with - without < Self.generous)
                // A pull that upstream served at once did not wait to find out that they are dead: their silence tells, then.
                try await eventually("the dead are suspect", within: .seconds(60)) {
                    try await node.status().peers.contains { $0.name == "stranger" && $0.state == "suspect" }
                }
            }
        }

        @Test("a peer that loses its power in mid-body is left within a second, for upstream", .needs(.program("tc")))
        func powerLoss() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.demo)
                _ = try await lan.registry()
                let nodes = try await lan.trustedNodes(2)
                try await nodes[0].copyThroughMirror(image)
                try await nodes[1].hears(of: nodes[0], holding: image.blobs.count + 1)
                let containerd = try await Containerd(on: nodes[1])
                try await nodes[0].machine.limitUplink(megabitsPerSecond: 100)
                let pull = try containerd.startPull(image.tagged())
                try await eventually("the pull is in mid-body", within: .seconds(30)) {
                    try await nodes[1].status().bytes.peers > 8 << 20
                }
                let before = try await nodes[1].status().bytes.upstream
                try await nodes[0].machine.plug(false)
                let turned = try await eventually("upstream takes over") {
                    try await nodes[1].status().bytes.upstream > before + 1 << 20
                }
                report("after a peer's power failed upstream took over", turned)
                #expect(turned < Self.generous)
                #expect(try await pull.wait(within: .seconds(120)) == .code(0))
            }
        }

        /// Tells a node of peers that hold the image, each at an address of its own where there is no machine.
        private func believeInTheDead(_ node: Node, holding image: Fixtures.Image) async throws {
            let sender = try RawSender()
            let digests = (image.blobs.map(\.digest) + [image.digest]).map { [UInt8](digest: $0) }
            let hellos = (0..<Self.dead).map { _ in
                WireBeacon.hello(node: WireBeacon.randomNode(), port: 5051, version: 1, added: digests)
            }
            try await eventually("the node believes in the dead", every: .milliseconds(100)) {
                for (number, hello) in hellos.enumerated() {
                    sender.send(hello, to: node.machine.address, forging: "10.77.0.\(200 + number)", 5051)
                }
                return try await node.status().peers.count { $0.name == "stranger" && $0.blobs > 0 } == Self.dead
            }
        }
    }
}
