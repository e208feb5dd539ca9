import FoundationEssentials
import OCI
import SystemPackage
import Testing

@testable import Transfer

@Suite("Registries asked with what a client sent", .timeLimit(.minutes(1)))
struct ClientCredentialsTests {
    private let bytes = someBytes(1000)

    private func client(_ value: String) throws -> UpstreamIdentity {
        let authorization: ClientAuthorization = try #require(ClientAuthorization(fields: [value]))
        return .client(authorization)
    }

    /// A fixture whose agent has the password of `me`.
    private func withLogin(
        _ authentication: StubRegistry.Authentication, log: RecordedLog = RecordedLog(),
        _ body: (StubRegistry, UpstreamClient, Origin) async throws -> Void
    ) async throws {
        try await TemporaryFolder.with { folder in
            let file = folder.appending("password")
            try TemporaryFolder.write("hunter2", to: file)
            var fixture = UpstreamFixture(authentication: authentication)
            fixture.table = .init(username: "me", passwordFile: file)
            fixture.log = log
            try await fixture.run(body)
        }
    }

    @Test("A client that sends something is asked for with that, and not with this node's credentials")
    func notTheNodes() async throws {
        try await withLogin(.basic(["me": "hunter2"])) { stub, client, origin in
            let blob = stub.add(blob: bytes)
            _ = try await client.size(of: blob, at: origin)
            for identity in [GateScene.client("me", "wrong"), GateScene.client("anna", "secret"), .anybody] {
                let error = await #expect(throws: UpstreamError.self) {
                    _ = try await client.blobHead(blob, at: origin, as: identity, deadline: .seconds(30))
                }
                #expect(error?.code == .needsCredentials)
            }
        }
    }

    @Test("What one registry may be shown is shown to no other", arguments: [false, true])
    func otherRegistry(isBearer: Bool) async throws {
        let tokens = (mine: StubTokens(users: ["me": "hunter2"]), others: StubTokens(users: ["you": "secret"]))
        for each in [tokens.mine, tokens.others] { each.set { $0.givesAnonymous = false } }
        try await StubRegistry.with(isBearer ? .bearer(tokens.others) : .basic(["you": "secret"])) { other in
            try await TemporaryFolder.with { folder in
                let file = folder.appending("password")
                try TemporaryFolder.write("hunter2", to: file)
                var fixture = UpstreamFixture(
                    authentication: isBearer ? .bearer(tokens.mine) : .basic(["me": "hunter2"]))
                fixture.table = .init(username: "me", passwordFile: file)
                fixture.tables["other.test"] = .init(url: other.url)
                try await fixture.run { stub, client, origin in
                    let blob = stub.add(blob: bytes)
                    other.add(blob: bytes)
                    let size = try await client.size(of: blob, at: origin)
                    #expect(size == 1000)
                    #expect(stub.requests.contains { $0.authorization != nil })
                    for identity in [UpstreamIdentity.node, .anybody] {
                        let error = await #expect(throws: UpstreamError.self) {
                            let elsewhere = try Origin.of("library/app", at: "other.test")
                            _ = try await client.blobHead(blob, at: elsewhere, as: identity, deadline: .seconds(30))
                        }
                        #expect(error?.code == .needsCredentials)
                    }
                    #expect(!other.requests.isEmpty)
                    #expect(other.requests.allSatisfy { $0.authorization == nil })
                }
            }
        }
    }

    @Test("A token that one password was traded in for serves no other, though the user is the same")
    func tokens() async throws {
        let tokens = StubTokens(users: ["anna": "secret"])
        tokens.set { $0.givesAnonymous = false }
        try await UpstreamFixture(authentication: .bearer(tokens)).run { stub, client, origin in
            let blob = stub.add(blob: bytes)
            let (right, wrong) = (GateScene.client("anna", "secret"), GateScene.client("anna", "wrong"))
            for _ in 0..<2 {
                let size = try await client.blobHead(blob, at: origin, as: right, deadline: .seconds(30))
                #expect(size == 1000)
                for identity in [wrong, .node, .anybody] {
                    await #expect(throws: UpstreamError.self) {
                        _ = try await client.blobHead(blob, at: origin, as: identity, deadline: .seconds(30))
                    }
                }
            }
            #expect(tokens.issued == 1)
        }
    }

    @Test("A client's own token is passed on as it is, and not traded in; what it opens is not for everybody")
    func asIs() async throws {
        let tokens = StubTokens(users: ["anna": "secret"])
        try await UpstreamFixture(authentication: .bearer(tokens)).run { stub, client, origin in
            let digest = stub.add(manifest: Array("{}".utf8))
            let identity = try self.client("Bearer nobody-gave-this")
            let error = await #expect(throws: UpstreamError.self) {
                _ = try await client.head(.digest(digest), at: origin, as: identity, accept: [], deadline: .seconds(30))
            }
            #expect(error?.code == .needsCredentials)
            #expect(stub.requests.map(\.authorization) == ["Bearer nobody-gave-this"])
            stub.set(.open)
            let head = try await client.head(
                .digest(digest), at: origin, as: identity, accept: [], deadline: .seconds(30))
            #expect(!head.anonymous)
        }
    }

    @Test("What cannot be passed on is as nothing, and does not become this node's right")
    func unusable() async throws {
        try await withLogin(.basic(["me": "hunter2"])) { stub, client, origin in
            let blob = stub.add(blob: bytes)
            let authorization = try #require(ClientAuthorization(fields: ["Basic YTpi", "Basic YTpi"]))
            await #expect(throws: UpstreamError.self) {
                _ = try await client.blobHead(
                    blob, at: origin, as: .client(authorization), deadline: .seconds(30))
            }
            #expect(stub.requests.map(\.authorization) == [nil])
        }
    }

    @Test("A redirect to another host takes nothing of a client's along")
    func redirect() async throws {
        try await UpstreamFixture(authentication: .open).run { registry, client, origin in
            try await StubRegistry.with { storage in
                let blob = registry.add(blob: bytes)
                storage.add(blob: bytes)
                registry.script(paths(blob: blob), [.redirect(to: storage.url + paths(blob: blob))])
                let identity = try self.client("Bearer the-clients-own")
                let received = try await client.blob(blob, at: origin, as: identity, range: nil).body.readAll()
                #expect(received == bytes)
                #expect(registry.requests.map(\.authorization) == ["Bearer the-clients-own"])
                #expect(storage.requests.map(\.authorization) == [nil])
            }
        }
    }

    @Test("Neither the log nor an error tells what a client or this node showed, or was given")
    func log() async throws {
        let tokens = StubTokens(users: ["me": "hunter2"])
        let log = RecordedLog()
        try await withLogin(.bearer(tokens), log: log) { stub, client, origin in
            stub.makePrivate("library/app")
            let blob = stub.add(blob: bytes)
            var told: [String] = []
            let identities = [
                UpstreamIdentity.node, GateScene.client("me", "wrong-word"), try self.client("Bearer the-clients-own"),
            ]
            for identity in identities {
                do throws(UpstreamError) {
                    _ = try await client.blobHead(blob, at: origin, as: identity, deadline: .seconds(30))
                } catch {
                    told += ["\(error)", String(reflecting: error)]
                }
                told += ["\(identity)", String(reflecting: identity)]
            }
            #expect(tokens.issued == 1)
            let encoded = ["me:hunter2", "me:wrong-word"].map { Data($0.utf8).base64EncodedString() }
            for text in told + log.text {
                for secret in ["hunter2", "wrong-word", "the-clients-own", "stub-token"] + encoded {
                    #expect(!text.contains(secret))
                }
            }
        }
    }

    @Test("What a client sent goes nowhere where the client did not say which registry it means")
    func unnamed() throws {
        let authorization = try #require(ClientAuthorization(fields: ["Basic YTpi"]))
        #expect(UpstreamIdentity(authorization, namesRegistry: false) == .anybody)
        #expect(UpstreamIdentity(authorization, namesRegistry: true) == .client(authorization))
        #expect(UpstreamIdentity(nil, namesRegistry: false) == .node)
    }
}
