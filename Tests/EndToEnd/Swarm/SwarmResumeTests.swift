import Testing

extension EndToEnd {
    /// A download that breaks off on this node's side, and is not begun anew.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry"), .program("tc")))
    struct SwarmResumeTests {
        @Test("an agent that is killed in the middle and started again continues from its spool")
        func killedAgent() async throws {
            try await Rollout.with(1) { rollout in
                let node = rollout.nodes[0]
                let cutShort = try node.startReading(rollout.image)
                try await rollout.meter.reaches(0.5)
                try await node.killAgent()
                await #expect(throws: HarnessError.self) { try await cutShort.finish() }
                try await node.startAgent()
                try await node.read(rollout.image)
                let copies = try await rollout.meter.copies
                #expect(copies < 1.2)
            }
        }

        @Test("one of a swarm that is killed and started again takes part again, and upstream hardly notices")
        func killedMember() async throws {
            try await Rollout.with(4) { rollout in
                let node = rollout.nodes[0]
                let cutShort = try node.startReading(rollout.image)
                let readers = try rollout.nodes.dropFirst().map { try $0.startReading(rollout.image) }
                try await rollout.meter.reaches(0.4)
                try await node.killAgent()
                await #expect(throws: HarnessError.self) { try await cutShort.finish() }
                try await node.startAgent()
                try await node.read(rollout.image)
                for reader in readers { try await reader.finish() }
                let copies = try await rollout.meter.copies
                #expect(copies <= 1.4)
            }
        }

        @Test("a reader that is cut off leaves its pieces for the next")
        func cutOffReader() async throws {
            try await Rollout.with(1) { rollout in
                let node = rollout.nodes[0]
                let first = try node.startReading(rollout.image)
                try await rollout.meter.reaches(0.5)
                try await first.cutOff()
                try await node.read(rollout.image)
                let copies = try await rollout.meter.copies
                #expect(copies < 1.1)
            }
        }
    }
}
