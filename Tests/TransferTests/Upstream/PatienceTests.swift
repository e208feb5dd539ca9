import NIOHTTP1
import OCI
import Testing

@testable import Transfer

struct PatienceTests {
    private let bytes = Array("{}".utf8)
    private let path = "/v2/library/app/manifests/latest"

    private func latest() throws -> ManifestReference { .tag(try Tag("latest")) }

    @Test(
        "A registry that is busy is asked again when it says",
        arguments: [
            .throttle(retryAfter: "0"), .throttle(503, retryAfter: "0"), .status(500), .status(502), .hangUp,
            .cut(after: 1), .reset(after: 1),
        ] as [StubFault])
    func busy(fault: StubFault) async throws {
        try await UpstreamFixture().run { stub, client, origin in
            let digest = stub.add(manifest: bytes, tag: "latest")
            stub.script(path, [fault], [])
            let manifest = try await client.manifest(latest(), at: origin, accept: [], deadline: .seconds(30))
            #expect(manifest.digest == digest)
        }
    }

    @Test("The same goes for HEAD of manifests and blobs")
    func heads() async throws {
        try await UpstreamFixture().run { stub, client, origin in
            let digest = stub.add(manifest: bytes, tag: "latest")
            let blob = stub.add(blob: bytes)
            stub.script(path, [.status(503)], [])
            stub.script(paths(blob: blob), [.throttle(retryAfter: "0")], [])
            let meaning = try await client.meaning(of: latest(), at: origin)
            #expect(meaning == digest)
            let size = try await client.size(of: blob, at: origin)
            #expect(size == 2)
            #expect(stub.requests.map(\.method) == [.HEAD, .HEAD, .HEAD, .HEAD])
        }
    }

    @Test("A registry that asks for more patience than there is time for is left alone at once")
    func retryAfter() async throws {
        try await UpstreamFixture().run { stub, client, origin in
            stub.script(path, [.throttle(retryAfter: "60")])
            let error = await #expect(throws: UpstreamError.self) {
                try await client.manifest(latest(), at: origin, accept: [], deadline: .seconds(30))
            }
            #expect(error?.code == .throttled)
            #expect(error?.retryAfter == .seconds(60))
            #expect(stub.requests.count == 1)
            #expect(!client.isKnownUnreachable(origin.registry))
        }
    }

    @Test("Retry-After may be a date")
    func retryDate() async throws {
        try await UpstreamFixture().run { stub, client, origin in
            let headers = [
                ("Retry-After", "Sun, 06 Nov 1994 08:51:37 GMT"), ("Date", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ]
            stub.script(path, [.status(429, headers: headers)])
            let error = await #expect(throws: UpstreamError.self) {
                try await client.manifest(latest(), at: origin, accept: [], deadline: .seconds(30))
            }
            #expect(error?.retryAfter == .seconds(120))
        }
    }

    @Test("Three tries are enough")
    func givesUp() async throws {
        try await UpstreamFixture().run { stub, client, origin in
            stub.script(path, [.status(500)])
            let error = await #expect(throws: UpstreamError.self) {
                try await client.manifest(latest(), at: origin, accept: [], deadline: .seconds(30))
            }
            #expect(error?.code == .broken)
            #expect(stub.requests.count == 3)
        }
    }

    @Test("What will not change is not asked again", arguments: [400, 401, 403, 404, 406, 418])
    func permanent(status: Int) async throws {
        try await UpstreamFixture().run { stub, client, origin in
            stub.script(path, [.status(status)])
            await #expect(throws: UpstreamError.self) {
                try await client.manifest(latest(), at: origin, accept: [], deadline: .seconds(30))
            }
            #expect(stub.requests.count == 1)
        }
    }

    @Test("A blob is not asked for again: who fetches it knows better")
    func blob() async throws {
        try await UpstreamFixture().run { stub, client, origin in
            let blob = stub.add(blob: bytes)
            stub.script(paths(blob: blob), [.throttle(retryAfter: "7")])
            let error = await #expect(throws: UpstreamError.self) {
                try await client.blob(blob, at: origin, range: nil)
            }
            #expect(error?.code == .throttled)
            #expect(error?.retryAfter == .seconds(7))
            #expect(stub.requests.count == 1)
        }
    }

    @Test("Answers that are errors do not cost the connection")
    func reuse() async throws {
        try await UpstreamFixture(authentication: .bearer(StubTokens())).run { stub, client, origin in
            for _ in 0..<5 {
                await #expect(throws: UpstreamError.self) {
                    try await client.head(latest(), at: origin, accept: [], deadline: .seconds(30))
                }
                await #expect(throws: UpstreamError.self) {
                    try await client.manifest(latest(), at: origin, accept: [], deadline: .seconds(30))
                }
            }
            #expect(stub.connections == 1)
        }
    }
}
