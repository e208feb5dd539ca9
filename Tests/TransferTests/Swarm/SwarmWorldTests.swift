import Testing

@testable import Transfer

@Suite("A world of swarms")
struct SwarmWorldTests {
    @Test(
        "finishes, whatever fails, while somebody can ask upstream", arguments: UInt64(1)...12)
    func upstream(seed: UInt64) throws {
        var world = try SwarmWorld(
            .init(
                nodes: 4 + Int(seed), pieces: 40, withUpstream: 1 + Int(seed % 4), failures: 0.05 * Double(seed % 5),
                deaths: Int(seed % 4), seed: seed))
        #expect(world.run(steps: 4000) == true)
        #expect(world.violations == [])
    }

    @Test("finishes, whatever fails, while somebody holds the blob", arguments: UInt64(1)...12)
    func holder(seed: UInt64) throws {
        var world = try SwarmWorld(
            .init(
                nodes: 3 + Int(seed), pieces: 40, holders: 1, withUpstream: 0, failures: 0.05 * Double(seed % 5),
                deaths: Int(seed % 3), seed: seed))
        #expect(world.run(steps: 4000) == true)
        #expect(world.violations == [])
    }

    @Test(
        "asks upstream for each piece once where nothing fails, or for one run twice at the end",
        arguments: UInt64(1)...12)
    func once(seed: UInt64) throws {
        var world = try SwarmWorld(.init(nodes: 8, pieces: 64, withUpstream: 8, seed: seed))
        #expect(world.run(steps: 4000) == true)
        // The end of a share may be taken over in the moment in which its owner comes to it.
        #expect(world.upstreamFetches.reduce(0, +) <= 64 + Ownership.run, "\(world.upstreamFetches)")
        #expect(world.upstreamFetches.allSatisfy { 1...2 ~= $0 })
    }

    @Test("asks upstream for nothing where one holds the blob and nothing fails")
    func held() throws {
        var world = try SwarmWorld(.init(nodes: 8, pieces: 64, holders: 1, withUpstream: 8, seed: 1))
        #expect(world.run(steps: 4000) == true)
        #expect(world.upstreamFetches.allSatisfy { $0 == 0 })
    }
}
