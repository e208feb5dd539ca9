import Integrity
import OCI
import Testing

@Suite("The hash chain")
struct HashChainTests {
    static let piece = Int(HashChain.pieceSize)
    static let blob = noise(2 * piece + 12_345, seed: 1)

    static func chain(of bytes: [UInt8], stepwise step: Int = 1 << 20) -> HashChain {
        var hasher = ChainHasher()
        bytes.withUnsafeBytes { bytes in
            for start in stride(from: 0, to: bytes.count, by: step) {
                hasher.update(UnsafeRawBufferPointer(rebasing: bytes[start..<min(bytes.count, start + step)]))
            }
        }
        return hasher.finish()
    }

    static func end(of piece: Int, in chain: HashChain, of bytes: [UInt8]) throws -> SHA256State {
        let link = try #require(chain.link(of: piece))
        let range = chain.range(of: piece)
        let job = LaneJob(
            from: link.start, length: range.upperBound - range.lowerBound, messageLength: link.messageLength
        ) { offset, buffer in buffer.copyBytes(from: bytes[Int(range.lowerBound + offset)...].prefix(buffer.count)) }
        return try #require(LaneHasher().run([job]).first).get().end
    }

    @Test(
        "It ends in the digest, however the bytes came", arguments: [1, 63, 64, 65, 4_194_303, 4_194_305, 20_000_000])
    func digest(step: Int) {
        let blob = step == 1 ? Array(Self.blob.prefix(100_000)) : Self.blob
        let chain = Self.chain(of: blob, stepwise: step)
        #expect(chain.digest == ContentHasher.digest(of: blob))
        #expect(chain.isComplete)
    }

    @Test("Each piece of an honest blob holds its link, whatever became of the others", arguments: 0..<3)
    func links(piece: Int) throws {
        let chain = Self.chain(of: Self.blob)
        #expect(try Self.end(of: piece, in: chain, of: Self.blob) == chain.link(of: piece)?.end)
    }

    @Test("One flipped bit breaks the link of its piece and no other")
    func flipped() throws {
        let chain = Self.chain(of: Self.blob)
        var damaged = Self.blob
        damaged[Self.piece + 99] ^= 1
        let holding = try (0..<3).map { try Self.end(of: $0, in: chain, of: damaged) == chain.link(of: $0)?.end }
        #expect(holding == [true, false, true])
    }

    @Test(
        "It has one state fewer than the blob has pieces",
        arguments: zip([0, 1, 4_194_304, 4_194_305, 8_388_608, 8_388_609], [0, 0, 0, 1, 1, 2]))
    func boundaries(size: Int, count: Int) {
        let chain = Self.chain(of: [UInt8](repeating: 7, count: size))
        #expect(chain.states.count == count)
        #expect(chain.boundaries == count && chain.pieces == count + 1 && chain.isComplete)
    }

    @Test("What was encoded is read back, 32 bytes a state")
    func coding() throws {
        let chain = Self.chain(of: Self.blob)
        #expect(chain.encoded.count == 64)
        #expect(try HashChain(digest: chain.digest, size: chain.size, encoded: chain.encoded) == chain)
    }

    @Test("Fewer states make a chain that can check the pieces up to its end only")
    func growing() throws {
        let whole = Self.chain(of: Self.blob)
        let chain = try HashChain(digest: whole.digest, size: whole.size, encoded: whole.encoded.prefix(32))
        #expect(!chain.isComplete)
        #expect((0..<3).map { chain.link(of: $0) != nil } == [true, false, false])
    }

    @Test("Bytes that are no states, or too many, are refused with the reason", arguments: [1, 31, 33, 96, 3200])
    func refused(count: Int) {
        let chain = Self.chain(of: Self.blob)
        #expect(throws: ChainError.self) {
            try HashChain(digest: chain.digest, size: chain.size, encoded: [UInt8](repeating: 0, count: count))
        }
    }

    @Test("A hash goes on from the last state of a chain that was known so far")
    func resumed() {
        let whole = Self.chain(of: Self.blob)
        var hasher = ChainHasher(after: Array(whole.states.prefix(1)))
        Self.blob[Self.piece...].withUnsafeBytes { hasher.update($0) }
        #expect(hasher.finish() == whole)
    }

    @Test("A hash follows links of pieces that others have hashed, and hashes what is between them")
    func followed() throws {
        let whole = Self.chain(of: Self.blob)
        for followed in [Set(0..<whole.pieces), [0], [whole.pieces - 1], [1, whole.pieces - 1]] {
            var hasher = ChainHasher()
            for piece in 0..<whole.pieces {
                if followed.contains(piece) {
                    hasher.follow(try #require(whole.link(of: piece)))
                } else {
                    let range = whole.range(of: piece)
                    Self.blob[Int(range.lowerBound)..<Int(range.upperBound)].withUnsafeBytes { hasher.update($0) }
                }
            }
            #expect(hasher.count == whole.size)
            #expect(hasher.finish() == whole)
        }
    }

    @Test("There is none for other algorithms than SHA-256")
    func otherAlgorithms() throws {
        let digest = ContentHasher.digest(of: [1], algorithm: .sha512)
        #expect(HashChain(digest: digest, size: 1) == nil)
    }
}
