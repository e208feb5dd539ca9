import Testing

extension EndToEnd {
    /// What containerd holds is shared, however it came there.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry"), .program("containerd")))
    struct RuntimeSharingTests {
        @Test("images pulled before Shoal came, imported, or pulled past the mirror are shared without a copy")
        func everyWay() async throws {
            try await LAN.with { lan in
                let before = try await Fixtures.image(.small)
                let past = try await Fixtures.image(.demo)
                let registry = try await lan.registry()
                var configuration = AgentConfiguration.besideContainerd
                configuration.keyFile = try await lan.clusterKey()
                let holder = try await lan.idleNode(configuration)
                let containerd = try await Containerd(on: holder)
                try await containerd.pullPastTheMirror(before.tagged())
                try await holder.startAgent()
                let imported = try await containerd.importImage("registry.test/team/imported:1", layerBytes: 6 << 20)
                try await containerd.pullPastTheMirror(past.tagged())

                let other = try await lan.node(configuration)
                let references = [before.tagged(), imported.reference, past.tagged()]
                let digests = [before.digest, imported.digest, past.digest]
                let blobs = before.blobs + past.blobs
                for digest in digests + imported.layers + blobs.map(\.digest) {
                    try await other.locates(digest, on: holder)
                }
                try await registry.switchOff()
                let taker = try await Containerd(on: other)
                for reference in references {
                    report("a pull of what \(holder.name)'s containerd holds", try await taker.pull(reference))
                }
                let bytes = try await other.status().bytes
                #expect(bytes.upstream == 0)
                #expect(bytes.peers >= before.bytes + imported.bytes + past.bytes)
                #expect(try await holder.dataBytes() < 8 << 20)
                #expect(try await taker.say(past.tagged(), "/bin/sh", "-c", "cat /etc/mark") == "demo\n")
            }
        }

        @Test("without a key a public image is offered, and an imported one only where share.include names it")
        func withoutKey() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                _ = try await lan.registry()
                var configuration = AgentConfiguration.besideContainerd
                let nodes = try await lan.nodes(2, configuration)
                let containerd = try await Containerd(on: nodes[0])
                let imported = try await containerd.importImage("registry.test/team/imported:1")
                try await containerd.pullPastTheMirror(image.tagged())
                try await nodes[1].locates(image, on: nodes[0])
                for digest in [imported.digest] + imported.layers {
                    #expect(try await nodes[1].holders(of: digest).isEmpty)
                    let answer = try await nodes[1].get("http://\(nodes[0].machine.address):5051/v1/blobs/\(digest)")
                    #expect(answer.status == 404)
                }

                configuration.tables = "[share]\ninclude = [\"registry.test/team/*\"]\n"
                try nodes[0].reload(configuration)
                for digest in [imported.digest] + imported.layers {
                    try await nodes[1].locates(digest, on: nodes[0])
                }
            }
        }

        @Test("every namespace of containerd's is shared, or those that are configured")
        func namespaces() async throws {
            try await LAN.with { lan in
                var configuration = AgentConfiguration.besideContainerd
                configuration.keyFile = try await lan.clusterKey()
                let nodes = try await lan.nodes(2, configuration)
                let containerd = try await Containerd(on: nodes[0])
                let first = try await containerd.importImage("registry.test/team/first:1")
                let second = try await containerd.importImage("registry.test/team/second:1", namespace: "k8s.io")
                for image in [first, second] { try await nodes[1].locates(image.digest, on: nodes[0]) }

                configuration.runtime?.namespaces = ["k8s.io"]
                try await nodes[0].restartAgent(configuration)
                for layer in second.layers { try await nodes[1].locates(layer, on: nodes[0]) }
                for digest in [first.digest] + first.layers {
                    #expect(try await nodes[1].holders(of: digest).isEmpty)
                }
            }
        }
    }
}
