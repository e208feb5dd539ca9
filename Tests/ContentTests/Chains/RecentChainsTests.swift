import Integrity
import OCI
import Testing

@testable import Content

@Suite("The chains in memory")
struct RecentChainsTests {
    @Test("They take no more bytes than they may, and the one used longest ago goes first")
    func bounded() throws {
        // Room for three of ten states each.
        var recent = RecentChains(limit: 3 * (10 * 32 + 256))
        let chains = try (1...4).map { try madeUpChain(UInt8($0), pieces: 11) }
        for chain in chains[0..<3] { recent.insert(chain) }
        #expect(recent.use(chains[0].digest) == chains[0])
        recent.insert(chains[3])
        #expect(chains.map { recent.peek($0.digest) != nil } == [true, false, true, true])
        #expect(recent.bytes <= recent.limit)
    }

    @Test("One that would push out all others is not taken in")
    func tooLarge() throws {
        var recent = RecentChains(limit: 1000)
        let small = try madeUpChain(1, pieces: 2)
        recent.insert(small)
        recent.insert(try madeUpChain(2, pieces: 100))
        #expect(recent.peek(small.digest) == small)
        #expect(recent.peek(digestOf([2])) == nil)
    }

    @Test("Taking in and removing the same one leaves nothing behind")
    func accounts() throws {
        var recent = RecentChains(limit: 10_000)
        let chain = try madeUpChain(1, pieces: 5)
        recent.insert(chain)
        recent.insert(chain)
        recent.remove(chain.digest)
        recent.remove(chain.digest)
        #expect(recent.bytes == 0)
    }
}
