import Content
import Integrity
import OCI
import Testing

@testable import Transfer

@Suite("Hashing a spool")
struct SpoolHasherTests {
    private static let piece = HashChain.pieceSize
    private static let blob = (0..<Int(2 * piece + 777)).map { UInt8(truncatingIfNeeded: $0 &* 13 &+ $0 >> 9) }

    private func withSpool(_ body: (SpoolFile) throws -> Void) async throws {
        try await TemporaryFolder.with { path in
            let spool = try Spool(directory: path).create(ContentHasher.digest(of: Self.blob))
            try Self.blob.withUnsafeBytes { try spool.write($0, at: 0) }
            try body(spool)
        }
    }

    private static var chain: HashChain {
        var hasher = ChainHasher()
        blob.withUnsafeBytes { hasher.update($0) }
        return hasher.finish()
    }

    private func feed(_ hasher: SpoolHasher, from start: Int64 = 0, step: Int64) throws {
        var position = start
        while position < Int64(Self.blob.count) {
            let end = min(position + step, Int64(Self.blob.count))
            try hasher.update(position..<end)
            position = end
        }
    }

    @Test(
        "The digest and the chain are the blob's, however the ranges are cut", arguments: [1_000_003, piece, 1 << 30])
    func finishing(step: Int64) async throws {
        try await withSpool { spool in
            let hasher = SpoolHasher(spool, .sha256)
            try feed(hasher, step: step)
            let (digest, chain) = hasher.finish()
            #expect(digest == ContentHasher.digest(of: Self.blob))
            #expect(chain == Self.chain)
        }
    }

    @Test("The states are known as soon as a piece has been passed")
    func states() async throws {
        try await withSpool { spool in
            let hasher = SpoolHasher(spool, .sha256)
            try hasher.update(0..<Self.piece - 1)
            #expect(hasher.states.isEmpty)
            try hasher.update(Self.piece - 1..<Self.piece)
            #expect(hasher.states == [Self.chain.states[0]])
            try hasher.update(Self.piece..<Int64(Self.blob.count))
            #expect(hasher.states == Self.chain.states)
        }
    }

    @Test("It goes on from the states that another has come to")
    func goingOn() async throws {
        try await withSpool { spool in
            let hasher = SpoolHasher(spool, .sha256, after: Self.chain.states)
            #expect(hasher.states == Self.chain.states)
            try feed(hasher, from: 2 * Self.piece, step: 1 << 20)
            #expect(hasher.finish().chain == Self.chain)
        }
    }

    @Test("It goes on behind pieces that have been led along their links")
    func following() async throws {
        try await withSpool { spool in
            let hasher = SpoolHasher(spool, .sha256)
            hasher.follow(try #require(Self.chain.link(of: 0)))
            #expect(hasher.states == [Self.chain.states[0]])
            try hasher.update(Self.piece..<2 * Self.piece)
            hasher.follow(try #require(Self.chain.link(of: 2)))
            #expect(hasher.finish().chain == Self.chain)
        }
    }

    @Test("After the end it begins anew")
    func again() async throws {
        try await withSpool { spool in
            let hasher = SpoolHasher(spool, .sha256)
            try feed(hasher, step: 1 << 20)
            _ = hasher.finish()
            #expect(hasher.states.isEmpty)
            try feed(hasher, step: 1 << 20)
            #expect(hasher.finish().digest == ContentHasher.digest(of: Self.blob))
        }
    }

    @Test("A sha512 blob has a digest and no chain")
    func sha512() async throws {
        try await withSpool { spool in
            let hasher = SpoolHasher(spool, .sha512)
            try feed(hasher, step: 1 << 20)
            #expect(hasher.states.isEmpty)
            let (digest, chain) = hasher.finish()
            #expect(digest == ContentHasher.digest(of: Self.blob, algorithm: .sha512))
            #expect(chain == nil)
        }
    }

    @Test("Bytes that are not there are an error")
    func short() async throws {
        try await withSpool { spool in
            let hasher = SpoolHasher(spool, .sha256)
            #expect(throws: FetchError.self) { try hasher.update(0..<Int64(Self.blob.count) + 1) }
        }
    }
}
