import Testing

extension EndToEnd {
    /// Peers whose bytes are wrong: what the hash chain is for.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry"), .program("tc")))
    struct DamagedPeerTests {
        private static let piece = 4 << 20

        /// Nodes that hold an image and one that does not, under a cluster key: without upstream nobody hands on what is not known to
        /// be public.
        private func withHolders(
            _ count: Int, of name: Fixtures.Name, release: String = "checked",
            _ test: (_ holders: [Node], _ taker: Node, Fixtures.Image, Registry) async throws -> Void
        ) async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(name)
                let registry = try await lan.registry()
                var configuration = AgentConfiguration.besideContainerd
                configuration.peers = "release = \"\(release)\""
                let nodes = try await lan.trustedNodes(count + 1, configuration)
                let taker = nodes[count]
                for node in nodes.dropLast() { try await node.read(image, within: .seconds(120)) }
                for node in nodes.dropLast() { try await taker.locates(image.largestBlob.digest, on: node) }
                try await test(Array(nodes.dropLast()), taker, image, registry)
            }
        }

        @Test(
            "with damage in three pieces of one of two holders containerd gets right bytes, and few of them twice",
            .needs(.program("containerd")))
        func threePieces() async throws {
            try await withHolders(2, of: .demo) { holders, taker, image, registry in
                let blob = try image.largestBlob
                // Of two holders each is asked for many pieces in a row: in front and behind, so that whatever is asked of this one has some.
                for percent in [10, 30, 80] { try holders[1].flipBit(in: blob.digest, at: blob.size / 100 * percent) }
                try await holders[0].machine.limitLink(megabitsPerSecond: 400)
                try await registry.switchOff()
                let containerd = try await Containerd(on: taker)
                report("a pull from a damaged holder and a slow one", try await containerd.pull(image.pinned()))
                let status = try await taker.status()
                print("  measured: \(status.bytes.peers - image.bytes) bytes came more than once")
                #expect(try await containerd.say(image.pinned(), "/bin/sh", "-c", "cat /etc/mark") == "demo\n")
                #expect(status.bytes.upstream == 0)
                #expect(status.bytes.peers >= image.bytes)
                #expect(status.bytes.peers <= image.bytes + 3 * Self.piece + (1 << 20))
                #expect(status.warnings.contains { $0.contains(holders[1].name) && $0.contains("wrong bytes") })
                #expect(!status.warnings.contains { $0.contains(holders[0].name) })
            }
        }

        @Test(
            "the same with a layer of half a gigabyte: nothing but the damaged pieces comes twice",
            .needs(.patience))
        func bigBlob() async throws {
            try await withHolders(2, of: .big) { holders, taker, image, registry in
                let blob = try image.largestBlob
                #expect(blob.size >= 512 << 20)
                for percent in [60, 70, 80] { try holders[1].flipBit(in: blob.digest, at: blob.size / 100 * percent) }
                try await holders[0].machine.limitLink(megabitsPerSecond: 1000)
                try await registry.switchOff()
                report("a read of a big blob, every byte compared", try await taker.read(image, within: .seconds(300)))
                let status = try await taker.status()
                print("  measured: \(status.bytes.peers - image.bytes) bytes came more than once")
                #expect(status.bytes.upstream == 0)
                #expect(status.bytes.peers <= image.bytes + 3 * Self.piece + (1 << 20))
                #expect(status.warnings.contains { $0.contains(holders[1].name) && $0.contains("wrong bytes") })
            }
        }

        /// Makes a forger of a holder. Its agent does not look at what it stored before, as honest ones do not.
        private func forge(_ holder: Node, _ blob: Fixtures.Image.Blob, knownTo taker: Node) async throws {
            try await holder.stopAgent()
            try ForgedChain.plant(on: holder, digest: blob.digest, at: blob.size / 2)
            try await holder.startAgent()
            try await taker.locates(blob.digest, on: holder)
        }

        @Test("a forged chain is found out by the whole digest: with release = \"whole\" the reader notices nothing")
        func forgedWhole() async throws {
            try await withHolders(1, of: .random, release: "whole") { holders, taker, image, _ in
                let blob = try image.largestBlob
                try await forge(holders[0], blob, knownTo: taker)
                try await taker.read(image, within: .seconds(120))
                let status = try await taker.status()
                #expect(status.warnings.contains { $0.contains(holders[0].name) })
                #expect(status.bytes.upstream >= blob.size)
                #expect(!StoreWalk.walk(holders[0]).damaged.isEmpty)
                #expect(StoreWalk.walk(taker).damaged.isEmpty)
            }
        }

        @Test("with release = \"checked\" a forged chain spoils one pull at most, and the next one is right")
        func forgedChecked() async throws {
            try await withHolders(1, of: .random) { holders, taker, image, _ in
                let blob = try image.largestBlob
                try await forge(holders[0], blob, knownTo: taker)
                let spoilt = (try? await taker.read(image, within: .seconds(120))) == nil
                print("  measured: the first pull was \(spoilt ? "spoilt" : "right")")
                try await eventually("the forger is named") {
                    try await taker.status().warnings.contains { $0.contains(holders[0].name) }
                }
                try await taker.read(image, within: .seconds(120))
                #expect(try await taker.status().bytes.upstream >= blob.size)
                #expect(StoreWalk.walk(taker).damaged.isEmpty)
            }
        }

        @Test("with every holder damaged upstream heals")
        func healed() async throws {
            try await withHolders(2, of: .random) { holders, taker, image, _ in
                let blob = try image.largestBlob
                for holder in holders { try holder.flipBit(in: blob.digest, at: blob.size / 2) }
                try await taker.read(image, within: .seconds(120))
                let status = try await taker.status()
                #expect(status.bytes.upstream > 0)
                #expect(status.bytes.upstream < image.bytes / 2, "what is right came from peers")
            }
        }

        @Test(
            "with every holder damaged and upstream gone the body ends before the first wrong byte, and its resume is a 404"
        )
        func hopeless() async throws {
            try await withHolders(2, of: .random) { holders, taker, image, registry in
                let blob = try image.largestBlob
                let wrong = blob.size / 2
                for holder in holders { try holder.flipBit(in: blob.digest, at: wrong) }
                try await registry.switchOff()
                let path = "\(image.repository)/blobs/\(blob.digest)"
                let cut = try await taker.mirror(path)
                #expect(cut.status == 200)
                #expect(cut.body.count <= wrong / Self.piece * Self.piece)
                #expect(try await cut.body == Fixtures.bytes(of: blob.digest, 0..<cut.body.count))
                let resumed = try await taker.mirror(path, ["--range", "\(cut.body.count)-"])
                #expect(resumed.status == 404)
            }
        }
    }
}
