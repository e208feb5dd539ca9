import OCI
import Testing

@testable import Content

@Suite("index.json")
struct IndexDocumentTests {
    private static let digest = digestOf([1])

    private static func record(_ reference: ImageReference?, origin: Origin?) -> ImageRecord {
        ImageRecord(
            reference: reference, origin: origin, digest: digest, mediaType: .ociManifest, size: 12,
            knownGood: 1_700_000_000)
    }

    private static func encoded(_ document: IndexDocument) throws -> [UInt8] {
        var written = IndexDocument.nothingWritten()
        return try document.encoded(&written)
    }

    @Test(
        "A record comes back as it was written",
        arguments: [
            "nginx", "ghcr.io/owner/app:v1", "registry.example.com:5000/a/b/c:1", "[2001:db8::1]:5000/a:1",
            "localhost:5050/team/app:1", "localhost/app:1",
            "quay.io/a/b@sha256:0000000000000000000000000000000000000000000000000000000000000000",
            "quay.io/a/b:1@sha256:0000000000000000000000000000000000000000000000000000000000000000",
        ])
    func roundTrip(_ name: String) throws {
        let reference = try ImageReference(normalizing: name)
        let document = IndexDocument(records: [Self.record(reference, origin: reference.origin)], foreign: [])
        #expect(try IndexDocument(Self.encoded(document)) == document)
    }

    @Test("A registry with a bare host name does not become a repository of Docker Hub's")
    func bareRegistry() throws {
        let origin = try Origin("registry/app")
        let reference = ImageReference(origin: origin, tag: try Tag("1"))
        let document = IndexDocument(records: [Self.record(reference, origin: origin)], foreign: [])
        #expect(try IndexDocument(Self.encoded(document)) == document)
    }

    @Test("A record without a name or an origin comes back so")
    func sparse() throws {
        let record = ImageRecord(
            reference: nil, origin: nil, digest: Self.digest, mediaType: .dockerManifest, size: 0, knownGood: 0)
        let document = IndexDocument(records: [record], foreign: [])
        #expect(try IndexDocument(Self.encoded(document)) == document)
    }

    @Test("Entries of other programs are kept as they are")
    func foreign() throws {
        let text = """
            {"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"\(Self.digest)",
            "size":3,"annotations":{"org.opencontainers.image.ref.name":"latest","x":"y"},
            "platform":{"os":"linux","architecture":"arm64"}}]}
            """
        let document = try IndexDocument(Array(text.utf8))
        #expect(document.records == [])
        #expect(document.foreign.first?.annotations == ["org.opencontainers.image.ref.name": "latest", "x": "y"])
        #expect(try IndexDocument(Self.encoded(document)) == document)
    }

    @Test("The annotations are the ones that are documented")
    func annotations() throws {
        let reference = try ImageReference(normalizing: "nginx:1")
        let descriptor = Self.record(reference, origin: reference.origin).descriptor
        #expect(
            descriptor.annotations == [
                "org.opencontainers.image.ref.name": "docker.io/library/nginx:1",
                "dev.shoal.origin": "docker.io/library/nginx",
                "dev.shoal.known-good": "1700000000",
            ])
    }

    @Test(
        "What is no index is refused",
        arguments: ["", "{", "[]", "null", #"{"schemaVersion":2}"#, #"{"schemaVersion":2,"manifests":[{"size":1}]}"#])
    func refused(_ text: String) {
        #expect(throws: (any Error).self) { try IndexDocument(Array(text.utf8)) }
    }
}
