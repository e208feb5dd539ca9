import Testing

extension EndToEnd {
    /// The inventory follows containerd.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry"), .program("containerd")))
    struct RuntimeChangeTests {
        @Test("peers hear at once of an image that is imported, and of its end when it is removed")
        func bothDirections() async throws {
            try await LAN.with { lan in
                let nodes = try await lan.trustedNodes(2, .besideContainerd)
                let containerd = try await Containerd(on: nodes[0])
                // Followed from here on, not found by a first look.
                let earlier = try await containerd.importImage("registry.test/team/earlier:1")
                try await nodes[1].locates(earlier.digest, on: nodes[0])

                let image = try await containerd.importImage("registry.test/team/app:1")
                let heard = try await nodes[1].locates(image.reference, on: nodes[0])
                report("a peer heard of an imported image", heard)
                // Half a second is the aim; asking takes its time too on a busy machine.
                #expect(heard < .seconds(2))

                try await containerd.remove(image.reference)
                let gone = try await nodes[1].loses(image.digest, on: nodes[0])
                report("a peer heard that an image was removed", gone)
                #expect(gone < .seconds(2))
                for layer in image.layers { #expect(try await nodes[1].holders(of: layer).isEmpty) }
                #expect(try await nodes[1].holders(of: earlier.digest) == [nodes[0].name])
            }
        }

        @Test("a pull that comes while a peer removes the image does not stumble over the gap")
        func removedMeanwhile() async throws {
            try await LAN.with { lan in
                let (image, containerd, nodes) = try await lan.heldByContainerd(.small)
                let taker = try await Containerd(on: nodes[1])
                try await containerd.remove(image.tagged())
                let took = try await taker.pull(image.tagged())
                report("a pull of what was removed a moment ago", took)
                #expect(took < .seconds(10))
                #expect(try await nodes[1].status().bytes.upstream > 0)
            }
        }

        @Test("a pull survives containerd on the serving node being killed and started again", .needs(.program("tc")))
        func killedWhileServing() async throws {
            try await LAN.with { lan in
                let (image, containerd, nodes) = try await lan.heldByContainerd(.demo)
                let taker = try await Containerd(on: nodes[1])
                try await nodes[0].machine.limitUplink(megabitsPerSecond: 400)
                let pull = try taker.startPull(image.tagged())
                try await eventually("the pull is in mid-body", within: .seconds(30)) {
                    try await nodes[1].status().bytes.peers > 16 << 20
                }
                try await containerd.kill()
                try await containerd.start()
                #expect(try await pull.wait(within: .seconds(120)) == .code(0))
                let bytes = try await nodes[1].status().bytes
                #expect(bytes.peers + bytes.upstream < image.bytes + image.bytes / 10)
                try await nodes[0].machine.unlimitUplink()
            }
        }

        @Test("sharing goes on by itself after containerd was killed and started again")
        func killedWhileIdle() async throws {
            try await LAN.with { lan in
                let nodes = try await lan.trustedNodes(2, .besideContainerd)
                let containerd = try await Containerd(on: nodes[0])
                let before = try await containerd.importImage("registry.test/team/before:1")
                try await nodes[1].locates(before.digest, on: nodes[0])
                try await containerd.kill()
                #expect(try nodes[0].agent.isRunning)
                try await containerd.start()
                let after = try await containerd.importImage("registry.test/team/after:1")
                let heard = try await nodes[1].locates(after.digest, on: nodes[0], within: .seconds(30))
                report("a peer heard of an image imported after the restart", heard)
                try await nodes[1].locates(before.digest, on: nodes[0])
                let taker = try await Containerd(on: nodes[1])
                for image in [before, after] { try await taker.pull(image.reference) }
                #expect(try await nodes[1].status().bytes.upstream == 0)
            }
        }
    }
}
