import Integrity
import NIOHTTP1
import OCI
import Testing

@testable import Transfer

struct UpstreamManifestTests {
    private let bytes = Array(#"{"schemaVersion":2}"#.utf8)
    private let path = "/v2/library/app/manifests/latest"

    private func latest() throws -> ManifestReference { .tag(try Tag("latest")) }

    @Test("A manifest comes with its media type and its digest")
    func manifest() async throws {
        try await UpstreamFixture().run { stub, client, origin in
            let digest = stub.add(manifest: bytes, .ociIndex, tag: "latest")
            for reference in [try latest(), .digest(digest)] {
                let manifest = try await client.manifest(
                    reference, at: origin, accept: [.ociIndex, .ociManifest], deadline: .seconds(30))
                #expect(manifest.bytes == bytes)
                #expect(manifest.mediaType == .ociIndex)
                #expect(manifest.digest == digest)
                #expect(manifest.anonymous)
            }
            #expect(
                stub.requests.first?.headers[canonicalForm: "Accept"]
                    == [Substring(MediaType.ociIndex.rawValue), Substring(MediaType.ociManifest.rawValue)])
        }
    }

    @Test("HEAD tells what a tag means")
    func head() async throws {
        try await UpstreamFixture().run { stub, client, origin in
            let digest = stub.add(manifest: bytes, tag: "latest")
            let head = try await client.head(
                latest(), at: origin, accept: MediaType.manifestAccept, deadline: .seconds(30))
            #expect(head.digest == digest)
            #expect(head.mediaType == .ociManifest)
            #expect(head.size == Int64(bytes.count))
            #expect(stub.requests.map(\.method) == [.HEAD])
        }
    }

    @Test("A registry need not say a manifest's digest", arguments: [nil, "nonsense"])
    func noDigest(header: String?) async throws {
        try await UpstreamFixture().run { stub, client, origin in
            let digest = stub.add(manifest: bytes, tag: "latest")
            stub.script(path, [.header("Docker-Content-Digest", header)])
            let head = try await client.head(latest(), at: origin, accept: [], deadline: .seconds(30))
            #expect(head.digest == nil)
            let manifest = try await client.manifest(latest(), at: origin, accept: [], deadline: .seconds(30))
            #expect(manifest.digest == digest)
        }
    }

    @Test("A page without a digest is not taken for what a tag means")
    func page() async throws {
        try await UpstreamFixture().run { stub, client, origin in
            _ = stub.add(manifest: Array("\n<html>{}</html>".utf8), tag: "latest")
            stub.script(path, [.header("Docker-Content-Digest", nil)])
            let error = await #expect(throws: UpstreamError.self) {
                _ = try await client.manifest(latest(), at: origin, accept: [], deadline: .seconds(30))
            }
            #expect(error?.code == .broken)
        }
    }

    @Test("Wrong bytes are not handed on, whether the digest or the header tells")
    func wrongBytes() async throws {
        try await UpstreamFixture().run { stub, client, origin in
            let digest = stub.add(manifest: bytes, tag: "latest")
            stub.script(path, [.wrongByte(at: 3)])
            stub.script(
                "/v2/library/app/manifests/\(digest)", [.wrongByte(at: 3), .header("Docker-Content-Digest", nil)])
            for reference in [try latest(), .digest(digest)] {
                let error = await #expect(throws: UpstreamError.self) {
                    try await client.manifest(reference, at: origin, accept: [], deadline: .seconds(30))
                }
                #expect(error?.code == .broken)
                #expect(error?.message.contains("wrong bytes") == true)
            }
        }
    }

    @Test("A manifest may be named by its SHA-512")
    func sha512() async throws {
        try await UpstreamFixture().run { stub, client, origin in
            let digest = ContentHasher.digest(of: bytes, algorithm: .sha512)
            let bytes = bytes
            stub.route("/v2/library/app/manifests/\(digest)") { _ in StubResponse(200, body: bytes) }
            let manifest = try await client.manifest(.digest(digest), at: origin, accept: [], deadline: .seconds(30))
            #expect(manifest.digest == digest)
        }
    }

    @Test(
        "A manifest of more than 4 MiB is not taken in",
        arguments: [[], [.chunked]] as [[StubFault]])
    func tooLarge(faults: [StubFault]) async throws {
        try await UpstreamFixture().run { stub, client, origin in
            stub.add(manifest: [UInt8](repeating: 0x20, count: (4 << 20) + 1), tag: "latest")
            stub.script(path, faults)
            let error = await #expect(throws: UpstreamError.self) {
                try await client.manifest(latest(), at: origin, accept: [], deadline: .seconds(30))
            }
            #expect(error?.code == .broken)
            #expect(stub.requests.count == 1)
        }
    }

    @Test("A list of more than 4 MiB is not taken in")
    func tooLongLists() async throws {
        try await UpstreamFixture().run { stub, client, origin in
            let digest = stub.add(manifest: bytes, tag: "latest")
            for path in ["tags/list", "referrers/\(digest)"] {
                stub.route("/v2/library/app/\(path)") { _ in
                    StubResponse(200, body: [UInt8](repeating: 0x20, count: (4 << 20) + 1))
                }
            }
            let ofTags = await #expect(throws: UpstreamError.self) {
                try await client.tags(at: origin, count: nil, last: nil)
            }
            let ofReferrers = await #expect(throws: UpstreamError.self) {
                try await client.referrers(of: digest, at: origin, artifactType: nil)
            }
            #expect(ofTags?.code == .broken && ofReferrers?.code == .broken)
        }
    }

    @Test("An encoded manifest is refused: its bytes would not be its digest's")
    func encoded() async throws {
        try await UpstreamFixture().run { stub, client, origin in
            stub.add(manifest: bytes, tag: "latest")
            stub.script(path, [.header("Content-Encoding", "gzip")])
            let error = await #expect(throws: UpstreamError.self) {
                try await client.manifest(latest(), at: origin, accept: [], deadline: .seconds(30))
            }
            #expect(error?.code == .broken)
        }
    }

    @Test("A manifest that trickles in is left when its time is up")
    func stalledBody() async throws {
        try await UpstreamFixture().run { stub, client, origin in
            stub.add(manifest: bytes, tag: "latest")
            stub.script(path, [.stall(after: 5)])
            let error = await #expect(throws: UpstreamError.self) {
                try await client.manifest(latest(), at: origin, accept: [], deadline: .seconds(3))
            }
            #expect(error?.code == .broken)
            #expect(error?.message.contains("in time") == true)
        }
    }

    @Test("What upstream says of tags and referrers is passed on as it is")
    func lists() async throws {
        try await UpstreamFixture().run { stub, client, origin in
            let digest = stub.add(manifest: bytes, tag: "latest")
            let link = #"</v2/library/app/tags/list?n=1&last=latest>; rel="next""#
            stub.script("/v2/library/app/tags/list", [.header("Link", link)])
            let tags = try await client.tags(at: origin, count: 1, last: Tag("a"))
            #expect(String(decoding: tags.body, as: UTF8.self) == #"{"name":"library/app","tags":["latest"]}"#)
            #expect(tags.link == link)
            #expect(stub.requests.last?.query == "n=1&last=a")
            let error = await #expect(throws: UpstreamError.self) {
                try await client.referrers(of: digest, at: origin, artifactType: nil)
            }
            #expect(error?.code == .notFound)
            stub.add(referrers: "{}", of: digest)
            stub.script("/v2/library/app/referrers/\(digest)", [.header("OCI-Filters-Applied", "artifactType")])
            let referrers = try await client.referrers(of: digest, at: origin, artifactType: "application/x+json")
            #expect(referrers.filtersApplied == "artifactType")
            #expect(referrers.contentType == MediaType.ociIndex.rawValue)
            #expect(stub.requests.last?.query == "artifactType=application%2Fx%2Bjson")
        }
    }
}
