import Integrity
import OCI
import Testing

@Suite("Content hashes")
struct ContentHasherTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let name: String
        let algorithm: Digest.Algorithm
        let message: [UInt8]
        let hex: String
        var testDescription: String { "\(algorithm) of \(name)" }
    }

    /// NIST's examples for FIPS 180-4 (csrc.nist.gov, Cryptographic Standards and Guidelines: Example Values).
    static let vectors: [Vector] = {
        let abc = Array("abc".utf8)
        let twoBlocks256 = Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8)
        let twoBlocks512 = Array(
            ("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
                + "ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu").utf8)
        let million = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
        return [
            Vector(
                name: "nothing", algorithm: .sha256, message: [],
                hex: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            Vector(
                name: "abc", algorithm: .sha256, message: abc,
                hex: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            Vector(
                name: "two blocks", algorithm: .sha256, message: twoBlocks256,
                hex: "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
            Vector(
                name: "a million a", algorithm: .sha256, message: million,
                hex: "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
            Vector(
                name: "nothing", algorithm: .sha512, message: [],
                hex: "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
                    + "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"),
            Vector(
                name: "abc", algorithm: .sha512, message: abc,
                hex: "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                    + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"),
            Vector(
                name: "two blocks", algorithm: .sha512, message: twoBlocks512,
                hex: "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
                    + "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909"),
            Vector(
                name: "a million a", algorithm: .sha512, message: million,
                hex: "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
                    + "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b"),
        ]
    }()

    @Test("The published vectors come out", arguments: vectors)
    func vector(_ vector: Vector) {
        let digest = ContentHasher.digest(of: vector.message, algorithm: vector.algorithm)
        #expect(digest.algorithm == vector.algorithm)
        #expect(digest.hex == vector.hex)
    }

    @Test("It does not matter in which portions the bytes come", arguments: [1, 63, 64, 65, 4096])
    func portions(_ length: Int) {
        let message = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var hasher = ContentHasher(.sha256)
        for start in stride(from: 0, to: message.count, by: length) {
            message[start..<min(start + length, message.count)].withUnsafeBytes { hasher.update($0) }
        }
        #expect(hasher.finish() == ContentHasher.digest(of: message))
    }

    @Test("An empty portion changes nothing")
    func emptyPortion() {
        var hasher = ContentHasher(.sha256)
        hasher.update(UnsafeRawBufferPointer(start: nil, count: 0))
        #expect(hasher.finish() == ContentHasher.digest(of: []))
    }

    @Test("A hash can be given up in the middle")
    func abandoned() {
        var hasher = ContentHasher(.sha512)
        [1, 2, 3].withUnsafeBytes { hasher.update($0) }
    }

    @Test("A hash may be begun in one task and finished in another")
    func handedOver() async {
        let hasher = ContentHasher(.sha256)
        let digest = await Self.finish(hasher)
        #expect(digest == ContentHasher.digest(of: []))
    }

    @concurrent
    private static func finish(_ hasher: consuming ContentHasher) async -> Digest {
        hasher.finish()
    }
}
