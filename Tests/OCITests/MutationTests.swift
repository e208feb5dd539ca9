import OCI
import Testing

/// Parsers meet whatever a stranger sends. What is good is mutated at random here; a trap would end the test run.
struct MutationTests {
    private static let seeds = [
        "sha256:" + sampleHex, "docker.io/library/nginx:latest@" + sampleDigest, "[2001:db8::1]:5000/a/b__c-d.e:v1",
        "/v2/a/b/manifests/latest", "/v2/a/blobs/sha256%3A" + sampleHex, "n=5&last=v1&ns=docker.io&artifactType=a/b",
        "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku", "bytes=0-99", "bytes=-5", "bytes 0-99/100",
        "bytes */100",
        "Bearer realm=\"https://auth.docker.io/token\",service=\"a\\\"b\", Basic realm=x, Negotiate abc==",
        "application/vnd.oci.image.manifest.v1+json;q=0.5, */*;q=0.1;x=\"y,z\"",
        #"{"schemaVersion":2,"config":{"mediaType":"a/b","digest":"\#(sampleDigest)","size":1}}"#,
        #"{"schemaVersion":2,"layers":[{"size":-1e5,"x":"\u00e9"}],"config":{}}"#,
        #"{"schemaVersion":2,"manifests":[{"annotations":{"a":"\ud83d\udc1f"}}]}"#,
    ]
    private static let spice = Array("\0\t\n \"%&()*+,-./:;=?@[\\]_{}019aAzZé\u{301}".utf8) + [0xff, 0x80, 0xc0]

    private static func mutate(_ seed: String, using generator: inout SeededGenerator) -> [UInt8] {
        var bytes = Array(seed.utf8)
        for _ in 0..<Int.random(in: 1...6, using: &generator) {
            let position = Int.random(in: 0...bytes.count, using: &generator)
            let byte = spice.randomElement(using: &generator) ?? 0
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: bytes.insert(byte, at: position)
            case 1 where position < bytes.count: bytes[position] = byte
            case 2 where position < bytes.count: bytes.remove(at: position)
            case 3: bytes.removeSubrange(position...)
            default: bytes.insert(contentsOf: bytes.suffix(from: position), at: position)
            }
        }
        return bytes
    }

    @Test("no parser traps on mutated input, and what it takes it prints so that it takes it again", arguments: 0..<8)
    func mutations(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<1500 {
            let source = Self.seeds.randomElement(using: &generator) ?? ""
            let bytes = Self.mutate(source, using: &generator)
            let text = String(decoding: bytes, as: UTF8.self)
            try checkNames(text)
            checkHeaders(text)
            _ = try? DistributionRoute.parse(path: text, query: text)
            _ = try? DistributionRoute.parse(path: "/v2/" + text, query: nil)
            for type in [nil, MediaType.ociManifest, .ociIndex] {
                _ = try? ManifestDocument(bytes: bytes, mediaType: type)
            }
        }
    }

    private func checkNames(_ text: String) throws {
        if let value = try? Digest(text) { #expect(try Digest(value.description) == value) }
        if let value = try? RegistryName(text) { #expect(try RegistryName(value.description) == value) }
        if let value = try? RepositoryName(text) { #expect(try RepositoryName(value.description) == value) }
        if let value = try? Origin(text) { #expect(try Origin(value.description) == value) }
        if let value = try? ImageReference(normalizing: text) {
            #expect(try ImageReference(normalizing: value.description) == value)
        }
        if let value = try? ContentIdentifier(text) { #expect(value.description == text) }
        if let value = try? MediaType(text) { #expect(try MediaType(value.rawValue) == value) }
    }

    private func checkHeaders(_ text: String) {
        for size in [0, 1, 50, Int64.max] {
            guard case .partial(let range) = RangeRequest(header: text).resolve(size: size) else { continue }
            #expect(!range.isEmpty && range.lowerBound >= 0 && range.upperBound <= size)
        }
        if let value = try? ContentRange(header: text) { #expect(!value.range.isEmpty) }
        _ = ContentRange.unsatisfiedSize(header: text)
        _ = AcceptHeader(values: [text, text]).accepts(.ociManifest)
        #expect(AuthChallenge.parse([text, text]).count <= 16)
    }
}
