import Integrity
import OCI
import Testing

@Suite("The hash chain of docs/protocol.md")
struct ChainVectorTests {
    @Test("Its example is what the code computes")
    func example() throws {
        var hasher = ChainHasher()
        [UInt8](repeating: 0, count: 4_194_305).withUnsafeBytes { hasher.update($0) }
        let chain = hasher.finish()
        #expect(chain.digest.hex == "95e441ca65cd41fa01b2a71799e79fd60db59ed34f13af32a91e85f90378676c")
        #expect(
            try Digest(algorithm: .sha256, bytes: chain.states[0].bytes).hex
                == "2a7008c08349516d05c47e8a7e442f0f34459254ef61999d164800e8722ebf7b")
        #expect(chain.encoded.count == 32)
    }
}
