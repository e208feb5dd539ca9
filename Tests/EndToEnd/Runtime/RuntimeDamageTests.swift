import Testing

extension EndToEnd {
    /// Content that went bad behind containerd's back.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry"), .program("containerd")))
    struct RuntimeDamageTests {
        @Test(
            "shoal verify names the image of a damaged blob and what mends it, and the blob is not offered until then")
        func verify() async throws {
            try await LAN.with { lan in
                let (image, containerd, nodes) = try await lan.heldByContainerd(.small)
                let blob = try image.largestBlob
                let intact = try await nodes[0].shoal("verify", image.tagged())
                #expect(intact.exit == .code(0), "\(intact.errors)")

                try containerd.flipBit(in: blob.digest, at: blob.size / 2)
                let damaged = try await nodes[0].shoal("verify", "--all")
                #expect(damaged.exit == .code(1))
                let said = damaged.text + damaged.errors
                #expect(said.contains(blob.digest), "\(said)")
                #expect(said.contains(image.tagged()), "\(said)")

                let again = try await nodes[0].shoal("verify", image.tagged())
                #expect(again.exit == .code(1), "what is known to be damaged is told of again")

                report("a peer heard of the damage", try await nodes[1].loses(blob.digest, on: nodes[0]))
                #expect(try await nodes[1].holders(of: image.digest) == [nodes[0].name], "the rest is still offered")
                let taker = try await Containerd(on: nodes[1])
                try await taker.pull(image.tagged())
                #expect(try await nodes[1].status().bytes.upstream >= blob.size)
                #expect(try await taker.say(image.tagged(), "/bin/sh", "-c", "cat /etc/mark") == "small1\n")

                let mark = "  mend   "
                let mend = said.split(separator: "\n").filter { $0.hasPrefix(mark) }
                    .map { String($0.dropFirst(mark.count)) }
                let last = try #require(mend.last)
                #expect(last.contains("images pull \(image.tagged())"))
                for command in mend.dropLast() { _ = try await nodes[0].machine.run("sh", "-c", command) }
                // As the last one does, but the registry of the tests speaks plain HTTP.
                try await containerd.pullPastTheMirror(image.tagged())
                try await nodes[1].locates(blob.digest, on: nodes[0])
                #expect(try await nodes[0].shoal("verify").exit == .code(0))
            }
        }

        @Test("a blob that nobody knows to be damaged reaches no runtime: its bytes come from elsewhere")
        func unnoticed() async throws {
            try await LAN.with { lan in
                let (image, containerd, nodes) = try await lan.heldByContainerd(.demo)
                let blob = try image.largestBlob
                try containerd.flipBit(in: blob.digest, at: blob.size / 2)
                let taker = try await Containerd(on: nodes[1])
                report("a pull past a damaged holder", try await taker.pull(image.tagged()))
                let bytes = try await nodes[1].status().bytes
                #expect(bytes.peers >= image.bytes - blob.size)
                #expect(bytes.upstream > 0)
                #expect(bytes.upstream < image.bytes, "what is intact came from the peer")
            }
        }

        @Test("a blob that was cut short behind containerd's back is not offered any more, and the rest is")
        func truncated() async throws {
            try await LAN.with { lan in
                let (image, containerd, nodes) = try await lan.heldByContainerd(.small)
                let blob = try image.largestBlob
                try containerd.truncate(blob.digest, to: blob.size / 2)
                let taker = try await Containerd(on: nodes[1])
                try await taker.pull(image.tagged())
                #expect(try await nodes[1].status().bytes.upstream >= blob.size)
                try await nodes[1].loses(blob.digest, on: nodes[0])
                #expect(try await nodes[1].holders(of: image.digest) == [nodes[0].name])
                try await eventually("the agent says what is wrong with the file") {
                    try nodes[0].log().split(separator: "\n").contains { $0.contains(blob.digest) }
                }
            }
        }
    }
}
