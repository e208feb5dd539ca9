import Integrity
import OCI
import Testing

@testable import Content

@Suite("Checking pieces of a spool by their chain")
struct ChainCheckTests {
    private static let piece = Int(HashChain.pieceSize)
    private static let blob = bytes(2 * piece + 1000)
    private static let chain = chainOf(blob)

    /// Of the suite, so that it lives as long as the test.
    private let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    private func spooled(_ content: [UInt8]) throws -> SpoolFile {
        let file = try scratch.spool().create(Self.chain.digest)
        try file.write(content)
        return file
    }

    @Test(
        "Pieces of an honest blob hold, in whatever order they are asked for",
        arguments: [[0, 1, 2], [2, 0], [1], []])
    func honest(pieces: [Int]) throws {
        let check = ChainCheck(Self.chain, of: try spooled(Self.blob))
        #expect(try check.verdicts(on: pieces) == pieces.map { _ in .holds })
    }

    @Test("A flipped byte breaks its own piece and no other", arguments: 0..<3)
    func damaged(piece: Int) throws {
        var content = Self.blob
        content[piece * Self.piece + 500] ^= 1
        let verdicts = try ChainCheck(Self.chain, of: try spooled(content)).verdicts(on: [0, 1, 2])
        for other in 0..<3 where other != piece { #expect(verdicts[other] == .holds) }
        guard case .breaks = verdicts[piece] else { Issue.record("\(verdicts[piece])"); return }
    }

    @Test("The state that a broken piece leads to is told: of a forged chain it is the true one")
    func forgedChain() throws {
        let check = ChainCheck(try forged(Self.chain, at: 0), of: try spooled(Self.blob))
        #expect(try check.verdicts(on: [0]) == [.breaks(Self.chain.states[0])])
    }

    @Test("Pieces that a growing chain does not reach, and such as the blob does not have, are said to be so")
    func notCovered() throws {
        let growing = try HashChain(
            digest: Self.chain.digest, size: Self.chain.size, encoded: Self.chain.encoded.prefix(32))
        let check = ChainCheck(growing, of: try spooled(Self.blob))
        #expect(
            try check.verdicts(on: [2, 0, 1, 3, -1])
                == [.isNotCovered, .holds, .isNotCovered, .isNotCovered, .isNotCovered])
    }

    @Test("Bytes that are not there are an error, and not a verdict")
    func short() throws {
        let check = ChainCheck(Self.chain, of: try spooled(Array(Self.blob.prefix(Self.piece + 5))))
        #expect(throws: ContentError.self) { try check.verdicts(on: [0, 1]) }
        #expect(try check.verdicts(on: [0]) == [.holds])
    }

    @Test("Who does not want to know any more is told nothing")
    func cancelled() throws {
        let check = ChainCheck(Self.chain, of: try spooled(Self.blob))
        #expect(throws: CancellationError.self) { try check.verdicts(on: [0, 1, 2]) { true } }
    }
}
