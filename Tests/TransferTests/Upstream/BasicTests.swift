import OCI
import SystemPackage
import Testing

@testable import Transfer

struct BasicTests {
    private let bytes = someBytes(1000)

    private func run(
        users: [String: String] = ["me": "hunter2"], password: String = "hunter2",
        _ body: (StubRegistry, UpstreamClient, Origin) async throws -> Void
    ) async throws {
        try await TemporaryFolder.with { folder in
            let file = folder.appending("password")
            try TemporaryFolder.write(password, to: file)
            var fixture = UpstreamFixture(authentication: .basic(users))
            fixture.table = .init(username: "me", passwordFile: file)
            try await fixture.run(body)
        }
    }

    @Test("A registry that wants Basic gets it, and from then on unasked")
    func basic() async throws {
        try await run { stub, client, origin in
            let blob = stub.add(blob: bytes)
            for _ in 0..<3 {
                let answer = try await client.blob(blob, at: origin, range: nil)
                #expect(!answer.anonymous)
                let received = try await answer.body.readAll()
                #expect(received == bytes)
            }
            #expect(stub.requests.map { $0.authorization != nil } == [false, true, true, true])
        }
    }

    @Test("A wrong password is a matter of credentials, and is not tried for ever")
    func wrong() async throws {
        try await run(password: "wrong") { stub, client, origin in
            let blob = stub.add(blob: bytes)
            let error = await #expect(throws: UpstreamError.self) {
                try await client.blobHead(blob, at: origin, deadline: .seconds(30))
            }
            #expect(error?.code == .needsCredentials)
            #expect(stub.requests.count == 2)
        }
    }

    @Test("Without credentials Basic is a matter of credentials")
    func none() async throws {
        try await UpstreamFixture(authentication: .basic([:])).run { stub, client, origin in
            let blob = stub.add(blob: bytes)
            let error = await #expect(throws: UpstreamError.self) {
                try await client.blob(blob, at: origin, range: nil)
            }
            #expect(error?.code == .needsCredentials)
            #expect(stub.requests.count == 1)
        }
    }

    @Test("Whether an image is public is asked without Basic, also of a registry that has had it")
    func isPublic() async throws {
        try await run { stub, client, origin in
            let digest = stub.add(manifest: Array("{}".utf8))
            _ = try await client.head(.digest(digest), at: origin, accept: [], deadline: .seconds(30))
            let isPublic = try await client.isPublic(digest, at: origin)
            #expect(!isPublic)
            #expect(stub.requests.last?.authorization == nil)
        }
    }

    @Test("403 is a no to somebody who is known")
    func denied() async throws {
        try await run { stub, client, origin in
            let blob = stub.add(blob: bytes)
            stub.script(paths(blob: blob), [.status(403)])
            let error = await #expect(throws: UpstreamError.self) {
                try await client.blob(blob, at: origin, range: nil)
            }
            #expect(error?.code == .denied)
        }
    }
}
