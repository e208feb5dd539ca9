import FoundationEssentials
import OCI
import Testing

struct DigestTests {
    @Test("a digest prints as it was written", arguments: [sampleDigest, "sha512:" + sampleHex + sampleHex])
    func roundTrip(text: String) throws {
        let digest = try Digest(text)
        #expect(digest.description == text)
        #expect(digest.hex == text.dropFirst(7))
        #expect(try Digest(algorithm: digest.algorithm, bytes: digest.bytes) == digest)
    }

    @Test("the parts of a digest are its algorithm, bytes and first twelve digits")
    func parts() throws {
        let digest = try Digest(sampleDigest)
        #expect(digest.algorithm == .sha256)
        #expect(digest.bytes.count == 32)
        #expect(digest.bytes.prefix(9) == [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01])
        #expect(digest.short == "0123456789ab")
    }

    @Test(
        "what is no digest is refused",
        arguments: [
            "", ":", "sha256", "sha256:", sampleHex, ":\(sampleHex)", "\(sampleDigest)0", "\(sampleDigest)\n",
            " \(sampleDigest)", "\(sampleDigest.dropLast())", sampleDigest.uppercased(), "SHA256:\(sampleHex)",
            "sha256:\(sampleHex.uppercased())", "sha256:\(String(repeating: "g", count: 64))",
            "sha256:\(String(repeating: "\0", count: 64))", "sha256:../\(sampleHex.dropFirst(3))",
            "sha256:%2e%2e\(sampleHex.dropFirst(6))", "sha256:\(sampleHex.dropLast())é",
            "sha256:\(sampleHex.dropLast())\u{301}", "sha256:\(sampleHex.dropLast(2))\u{301}",
            "sha256::\(sampleHex.dropFirst())", "sha256:-\(sampleHex.dropFirst())",
            "sha256:0x\(sampleHex.dropFirst(2))",
            "sha512:\(sampleHex)", "sha256:\(sampleHex)\(sampleHex)", "sha384:\(sampleHex)", "md5:\(sampleHex)",
            "sha256/\(sampleHex)", "sha256+b64:\(sampleHex)",
        ])
    func refused(text: String) {
        #expect(refusal { () throws(OCIError) in try Digest(text) }?.code == .digestInvalid)
    }

    @Test("the refusal of an unknown algorithm names the supported ones")
    func supportedAlgorithms() {
        let message = refusal { () throws(OCIError) in try Digest("blake3:" + sampleHex) }?.message
        #expect(message == "digest algorithm 'blake3' is not supported; supported are sha256 and sha512")
    }

    @Test("a hash of the wrong length makes no digest", arguments: [0, 31, 33, 64])
    func wrongByteCount(count: Int) {
        let bytes = [UInt8](repeating: 0, count: count)
        #expect(refusal { () throws(OCIError) in try Digest(algorithm: .sha256, bytes: bytes) }?.code == .digestInvalid)
    }

    @Test("digests are ordered as their texts are")
    func order() throws {
        var generator = SeededGenerator(seed: 7)
        var digests: [Digest] = []
        for algorithm in Digest.Algorithm.allCases {
            for shared in [0, 7, 8, 20, 31, 40, 63] where shared < algorithm.byteCount {
                for _ in 0..<4 {
                    let head = [UInt8](repeating: 0xaa, count: shared)
                    let tail = (shared..<algorithm.byteCount).map { _ in UInt8.random(in: 0...255, using: &generator) }
                    digests.append(try Digest(algorithm: algorithm, bytes: head + tail))
                }
            }
        }
        #expect(digests.sorted().map(\.description) == digests.map(\.description).sorted())
        #expect(Set(digests).count == digests.count)
    }

    @Test("a digest is coded as a string")
    func codable() throws {
        let digest = try Digest(sampleDigest)
        let json = try JSONEncoder().encode([digest])
        #expect(String(decoding: json, as: UTF8.self) == "[\"\(sampleDigest)\"]")
        #expect(try JSONDecoder().decode([Digest].self, from: json) == [digest])
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([Digest].self, from: Data("[\"sha256:0\"]".utf8))
        }
    }

    @Test("a SHA-256 digest is no larger than its words and two more")
    func size() {
        #expect(MemoryLayout<Digest>.size <= 48)
    }
}
