import Content
import Integrity
import Logging
import OCI
import SystemPackage
import Testing

@testable import Agent

@Suite("What becomes of chains")
struct ChainRetentionTests {
    private static let size = HashChain.pieceSize + 1

    /// A chain of a blob of two pieces, or so it says.
    private func chain(_ seed: UInt8) throws -> HashChain {
        try HashChain(
            digest: ContentHasher.digest(of: [seed]), size: Self.size, encoded: [UInt8](repeating: seed, count: 32))
    }

    @Test("A chain is kept for as long as its blob is held")
    func pruning() async throws {
        let folder = try TemporaryFolder()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let layout = try ImageLayout(directory: folder.path.appending("store"), capacity: 1 << 30, logger: logger)
        let chains = ChainStore(directory: folder.path.appending("chains"), logger: logger)
        let retention = ChainRetention(chains: chains, content: NodeContent(layout: layout, runtime: nil))
        let (held, gone) = (try chain(1), try chain(2))
        try await layout.put([1], as: held.digest)
        chains.keep(held)
        chains.keep(gone)
        await retention.prune()
        #expect(chains.chain(of: held.digest, size: Self.size) == held)
        #expect(chains.chain(of: gone.digest, size: Self.size) == nil)
        try layout.remove(held.digest)
        await retention.prune()
        #expect(chains.chain(of: held.digest, size: Self.size) == nil)
    }
}
