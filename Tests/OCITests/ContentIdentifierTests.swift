import OCI
import Testing

struct ContentIdentifierTests {
    private static let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    private static let zeros = "sha256:" + String(repeating: "0", count: 64)
    private static let ones = "sha256:" + String(repeating: "f", count: 64)

    @Test(
        "a SHA-256 digest and its CID say the same",
        arguments: [
            // Of no bytes, and of "hello world": as `ipfs add --cid-version 1 --raw-leaves` prints them.
            (empty, "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"),
            (
                "sha256:b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9",
                "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
            ),
            // The CID that stargz-snapshotter puts into the `urls` of a descriptor with this digest.
            (
                "sha256:80d6aec48c0a74635a5f3dc106328c1673afaa21ed6e1270a9a44de66e8ffa55",
                "bafkreiea22xmjdakorrvuxz5yeddfdawoox2uipnnyjhbknejxtg5d72ku"
            ),
            (zeros, "bafkreiaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            (ones, "bafkreih777777777777777777777777777777777777777777777777774"),
        ] as [(String, String)])
    func sameBytes(digest: String, text: String) throws {
        let digest = try Digest(digest)
        #expect(ContentIdentifier(of: digest)?.description == text)
        #expect(try ContentIdentifier(text).digest == digest)
        #expect(text.utf8.count == 59)
    }

    @Test("any SHA-256 digest comes back from its CID, which fits into a repository's name")
    func roundTrips() throws {
        var generator = SeededGenerator(seed: 8)
        for _ in 0..<200 {
            let bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let digest = try Digest(algorithm: .sha256, bytes: bytes)
            let identifier = try #require(ContentIdentifier(of: digest))
            #expect(try ContentIdentifier(identifier.description) == identifier)
            #expect(try RepositoryName("ipfs/\(identifier)").components.last.map(String.init) == identifier.description)
        }
    }

    @Test("SHA-512 has no CID here")
    func sha512() throws {
        #expect(ContentIdentifier(of: try Digest("sha512:" + sampleHex + sampleHex)) == nil)
    }

    private static let kinds: [(String, String)] = [
        ("QmT5NvUtoM5nWFfrQdVrFtvGfKFmG7AHE8P34isapyhCxX", "version 0"),
        ("BAFKREIHDWDCEFGH4DQKJV67UZCMW7OJEE6XEDZDETOJUZJEVTENXQUVYKU", "upper-case base32"),
        ("zb2rhe5P4gXftAwvA4eXQ5HJwsER2owDyS9sKaQRRVQPn93bA", "base58"),
        ("f01551220" + sampleHex, "base16"),
        ("mAVUSIA", "base64"),
        ("kxyz", "base36"),
        // dag-pb, dag-cbor and a codec that has no name here.
        (base32([1, 0x70, 0x12, 0x20], 32), "codec dag-pb"),
        (base32([1, 0x71, 0x12, 0x20], 32), "codec dag-cbor"),
        (base32([1, 0x60, 0x12, 0x20], 32), "codec 0x60"),
        (base32([1, 0x55, 0x13, 0x40], 64), "hash sha2-512"),
        (base32([1, 0x55, 0x1e, 0x20], 32), "hash blake3"),
        (base32([1, 0x55, 0xa0, 0xe4, 0x02, 0x20], 32), "hash blake2b-256"),
        (base32([2, 0x55, 0x12, 0x20], 32), "version 2"),
        (base32([0x12, 0x20], 32), "version 18"),
    ]

    @Test("what is another kind of CID is refused with what it is", arguments: kinds)
    func otherKinds(text: String, word: String) throws {
        let error = try #require(refusal { () throws(OCIError) in try ContentIdentifier(text) })
        #expect(error.code == .contentIdentifierInvalid)
        #expect(error.message.contains(word), "\(error.message)")
        #expect(error.message.contains("understood is CIDv1"))
    }

    @Test(
        "what is no canonical CID is refused",
        arguments: [
            "", "b", "bafkrei", "latest", "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyk",
            "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvykua",
            "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku======",
            // The last character has two bits too many: all of them must be zero.
            "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvykv",
            "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvykw",
            "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvykU",
            "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyk1",
            "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyk\u{301}",
            " bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
            "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku\n",
            base32([1, 0x55, 0x12, 0x1f], 31), base32([1, 0x55, 0x12, 0x20], 31), base32([1, 0x55, 0x12, 0x20], 33),
            // One is one byte, and no varint has ten.
            base32([0x81, 0x00, 0x55, 0x12, 0x20], 32), base32([0x01, 0xd5, 0x00, 0x12, 0x20], 32),
            base32([UInt8](repeating: 0xff, count: 12), 32),
            "b" + String(repeating: "a", count: 100_000),
        ])
    func notCanonical(text: String) {
        #expect(
            refusal { () throws(OCIError) in try ContentIdentifier(text) }?.code == .contentIdentifierInvalid)
    }
}

/// `b` and base32 of a header and a hash of so many bytes, written here the slow way.
private func base32(_ header: [UInt8], _ count: Int) -> String {
    let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567")
    let bits = (header + (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }).flatMap { byte in
        (0..<8).map { byte >> (7 - $0) & 1 }
    }
    let padded = bits + [UInt8](repeating: 0, count: (5 - bits.count % 5) % 5)
    return "b"
        + stride(from: 0, to: padded.count, by: 5).map { start in
            String(alphabet[padded[start..<start + 5].reduce(0) { Int($0) << 1 | Int($1) }])
        }.joined()
}
