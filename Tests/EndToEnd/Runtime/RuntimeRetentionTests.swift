import Testing

extension EndToEnd {
    /// One copy on a node, not two.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry"), .program("containerd")))
    struct RuntimeRetentionTests {
        @Test("what containerd keeps of a pull leaves Shoal's store, and is shared all the same")
        func kept() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.demo)
                let registry = try await lan.registry()
                let nodes = try await lan.trustedNodes(2, .besideContainerd)
                try await Containerd(on: nodes[0]).pull(image.tagged())
                #expect(try await nodes[0].status().bytes.upstream >= image.bytes, "the mirror fetched it")
                let left = try await eventually("no blob lies in Shoal's store beside containerd's") {
                    !image.blobs.contains { nodes[0].keeps($0.digest) }
                }
                report("the copies of what containerd keeps were gone", left)
                #expect(try await nodes[0].dataBytes() < 1 << 20)

                try await registry.switchOff()
                try await Containerd(on: nodes[1]).pull(image.tagged())
                #expect(try await nodes[1].status().bytes.upstream == 0)
            }
        }

        @Test("layers that containerd discards once they are unpacked stay in Shoal's store")
        func discarded() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let registry = try await lan.registry()
                let nodes = try await lan.trustedNodes(2, .besideContainerd)
                let containerd = try await Containerd(on: nodes[0], cri: .discardingLayers)
                try await containerd.pullByCRI(image.tagged())
                let layer = try image.largestBlob.digest
                try await eventually("containerd has discarded the layer", within: .seconds(20)) {
                    try await !containerd.content(namespace: "k8s.io").contains(layer)
                }
                #expect(nodes[0].keeps(layer))

                try await registry.switchOff()
                try await Containerd(on: nodes[1]).pull(image.tagged())
                #expect(try await nodes[1].status().bytes.upstream == 0)
                #expect(nodes[0].keeps(layer))
            }
        }

        @Test("what another client than containerd pulled stays in Shoal's store", .needs(.program("skopeo")))
        func otherClient() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let other = try await Fixtures.image(.smallNext)
                _ = try await lan.registry()
                let node = try await lan.node(.besideContainerd)
                let containerd = try await Containerd(on: node)
                try await node.copyThroughMirror(image)
                // containerd's own pull is done away with, so a look has been taken at what it keeps.
                try await containerd.pull(other.tagged())
                try await eventually("no blob lies in Shoal's store beside containerd's") {
                    !other.blobs.contains { node.keeps($0.digest) }
                }
                #expect(image.blobs.allSatisfy { node.keeps($0.digest) })
            }
        }
    }
}
