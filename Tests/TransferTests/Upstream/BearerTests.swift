import FoundationEssentials
import NIOHTTP1
import OCI
import SystemPackage
import Testing

@testable import Transfer

struct BearerTests {
    private let bytes = someBytes(1000)

    /// A fixture whose agent knows a password, and the stub's token server too.
    private func withLogin<Value>(
        _ tokens: StubTokens, realm: String? = nil, password: String = "hunter2",
        _ body: (StubRegistry, UpstreamClient, Origin) async throws -> Value
    ) async throws -> Value {
        try await TemporaryFolder.with { folder in
            let file = folder.appending("password")
            try TemporaryFolder.write(password, to: file)
            var fixture = UpstreamFixture(authentication: .bearer(tokens, realm: realm))
            fixture.table = .init(username: "me", passwordFile: file)
            return try await fixture.run(body)
        }
    }

    @Test("Where anybody gets a token, the agent gets one, and uses it for what follows")
    func anonymous() async throws {
        let tokens = StubTokens()
        try await UpstreamFixture(authentication: .bearer(tokens)).run { stub, client, origin in
            let blob = stub.add(blob: bytes)
            for _ in 0..<3 {
                let answer = try await client.blob(blob, at: origin, range: nil)
                #expect(answer.anonymous)
                let received = try await answer.body.readAll()
                #expect(received == bytes)
            }
            #expect(tokens.issued == 1)
            let asked = try #require(stub.requests(for: "/token").first)
            #expect(asked.query == "service=stub&scope=repository%3Alibrary%2Fapp%3Apull")
            #expect(asked.authorization == nil)
            #expect(stub.requests(for: paths(blob: blob)).count == 4)
        }
    }

    @Test("A token server's answer is read to 1 MiB and no further", arguments: [1000, 2 << 20])
    func endlessAnswer(blanks: Int) async throws {
        let tokens = StubTokens()
        try await UpstreamFixture(authentication: .bearer(tokens)).run { stub, client, origin in
            let blob = stub.add(blob: bytes)
            stub.route("/token") { request in
                var answer = tokens.answer(request)
                answer.body += [UInt8](repeating: 0x20, count: blanks)
                return answer
            }
            if blanks < 1 << 20 {
                let size = try await client.size(of: blob, at: origin)
                #expect(size == 1000)
            } else {
                await #expect(throws: UpstreamError.self) { _ = try await client.size(of: blob, at: origin) }
                #expect(stub.requests(for: paths(blob: blob)).allSatisfy { $0.authorization == nil })
            }
        }
    }

    @Test("access_token is a token too")
    func accessToken() async throws {
        let tokens = StubTokens()
        tokens.set { $0.field = "access_token" }
        try await UpstreamFixture(authentication: .bearer(tokens)).run { stub, client, origin in
            let blob = stub.add(blob: bytes)
            let size = try await client.size(of: blob, at: origin)
            #expect(size == 1000)
        }
    }

    @Test("Each repository has a token of its own")
    func scopes() async throws {
        let tokens = StubTokens()
        try await UpstreamFixture(authentication: .bearer(tokens)).run { stub, client, _ in
            let blob = stub.add(blob: bytes)
            for name in ["library/app", "library/other", "library/app"] {
                _ = try await client.blobHead(blob, at: .of(name), deadline: .seconds(30))
            }
            #expect(tokens.issued == 2)
        }
    }

    @Test("A token that the registry no longer takes is replaced")
    func revoked() async throws {
        let tokens = StubTokens()
        try await UpstreamFixture(authentication: .bearer(tokens)).run { stub, client, origin in
            let blob = stub.add(blob: bytes)
            _ = try await client.blobHead(blob, at: origin, deadline: .seconds(30))
            tokens.revoke()
            let size = try await client.size(of: blob, at: origin)
            #expect(size == 1000)
            #expect(tokens.issued == 2)
        }
    }

    @Test("Many who need a token at once cause one request for it")
    func singleFlight() async throws {
        let tokens = StubTokens()
        try await UpstreamFixture(authentication: .bearer(tokens)).run { stub, client, origin in
            let blob = stub.add(blob: bytes)
            try await withThrowingTaskGroup { group in
                for _ in 0..<20 {
                    group.addTask { try await client.blob(blob, at: origin, range: nil).body.readAll() }
                }
                for try await received in group { #expect(received == bytes) }
            }
            #expect(tokens.issued == 1)
        }
    }

    @Test("A password is shown to the token server, and never to the registry")
    func password() async throws {
        let tokens = StubTokens(users: ["me": "hunter2"])
        try await withLogin(tokens) { stub, client, origin in
            stub.makePrivate("library/app")
            let blob = stub.add(blob: bytes)
            let answer = try await client.blob(blob, at: origin, range: nil)
            #expect(!answer.anonymous)
            #expect(stub.requests(for: "/token").map { $0.authorization?.hasPrefix("Basic ") } == [true])
            for request in stub.requests(for: paths(blob: blob)) {
                #expect(request.authorization?.hasPrefix("Basic ") != true)
            }
        }
    }

    @Test("An identity token is traded in by POST, and stands in no URL")
    func identityToken() async throws {
        try await TemporaryFolder.with { folder in
            let docker = folder.appending("config.json")
            try TemporaryFolder.write(
                #"{"auths":{"registry.test":{"auth":"bWU6","identitytoken":"id-secret"}}}"#, to: docker)
            let fixture = UpstreamFixture(
                authentication: .bearer(StubTokens(identityToken: "id-secret")), dockerConfig: docker)
            try await fixture.run { stub, client, origin in
                stub.makePrivate("library/app")
                let blob = stub.add(blob: bytes)
                let answer = try await client.blob(blob, at: origin, range: nil)
                #expect(!answer.anonymous)
                let asked = try #require(stub.requests(for: "/token").first)
                #expect(asked.method == .POST)
                #expect(!stub.requests.contains { $0.target.contains("id-secret") })
            }
        }
    }

    @Test("A token server that redirects an identity token elsewhere gets no further")
    func redirectedPost() async throws {
        try await TemporaryFolder.with { folder in
            let docker = folder.appending("config.json")
            try TemporaryFolder.write(#"{"auths":{"registry.test":{"identitytoken":"id-secret"}}}"#, to: docker)
            let fixture = UpstreamFixture(
                authentication: .bearer(StubTokens(identityToken: "id-secret")), dockerConfig: docker)
            try await fixture.run { stub, client, origin in
                try await StubRegistry.with { thief in
                    let target = thief.url
                    stub.route("/token") { _ in .redirect(to: "\(target)/token") }
                    let blob = stub.add(blob: bytes)
                    await #expect(throws: UpstreamError.self) {
                        try await client.blobHead(blob, at: origin, deadline: .seconds(30))
                    }
                    #expect(thief.requests.isEmpty)
                }
            }
        }
    }

    @Test("Wrong credentials are a matter of credentials")
    func wrongPassword() async throws {
        let tokens = StubTokens(users: ["me": "another"])
        try await withLogin(tokens) { stub, client, origin in
            let blob = stub.add(blob: bytes)
            let error = await #expect(throws: UpstreamError.self) {
                try await client.blob(blob, at: origin, range: nil)
            }
            #expect(error?.code == .needsCredentials)
            #expect(error?.message.contains("hunter2") == false)
        }
    }

    @Test("A private repository that is asked without credentials needs some")
    func needsCredentials() async throws {
        let tokens = StubTokens()
        try await UpstreamFixture(authentication: .bearer(tokens)).run { stub, client, origin in
            stub.makePrivate("library/app")
            let blob = stub.add(blob: bytes)
            let error = await #expect(throws: UpstreamError.self) {
                try await client.blob(blob, at: origin, range: nil)
            }
            #expect(error?.code == .needsCredentials)
            #expect(!client.isKnownUnreachable(origin.registry))
        }
    }

    @Test("Where a registry over TLS names a token server without, passwords stay here", arguments: ["http", "https"])
    func plainRealm(scheme: String) async throws {
        try await StubCertificate.with(names: ["named.test"]) { certificate in
            try await StubRegistry.with(certificate: scheme == "https" ? certificate : nil) { server in
                let tokens = StubTokens(users: ["me": "hunter2"])
                server.route("/token") { tokens.answer($0) }
                try await TemporaryFolder.with { folder in
                    let file = folder.appending("password")
                    try TemporaryFolder.write("hunter2", to: file)
                    var fixture = UpstreamFixture(
                        authentication: .bearer(tokens, realm: "\(scheme)://named.test:\(server.port)/token"),
                        certificate: certificate)
                    fixture.hostName = "named.test"
                    fixture.table = .init(
                        plainHTTP: true, caFile: certificate.file, username: "me", passwordFile: file)
                    fixture.limits.resolving = ["named.test": "127.0.0.1"]
                    try await fixture.run { stub, client, origin in
                        let blob = stub.add(blob: bytes)
                        _ = try? await client.blobHead(blob, at: origin, deadline: .seconds(30))
                        let shown = server.requests.map { $0.authorization?.hasPrefix("Basic ") ?? false }
                        #expect(shown == [scheme == "https"], "asked once, with a password over TLS only")
                        #expect(stub.requests.allSatisfy { $0.authorization?.hasPrefix("Basic ") != true })
                    }
                }
            }
        }
    }

    @Test(
        "A token server that is no use is a broken answer, not an absent image",
        arguments: [
            StubResponse.text(404, "{}"), .text(200, "no json"), .text(200, "{}"), .text(500, ""),
            .text(200, #"{"token":"a\nb"}"#),
        ])
    func uselessServer(response: StubResponse) async throws {
        try await UpstreamFixture(authentication: .bearer(StubTokens())).run { stub, client, origin in
            stub.route("/token") { _ in response }
            let blob = stub.add(blob: bytes)
            let error = await #expect(throws: UpstreamError.self) {
                try await client.blob(blob, at: origin, range: nil)
            }
            #expect(error?.code == .broken)
        }
    }

    @Test(
        "A realm that is no URL of the web is refused", arguments: ["", "nowhere", "file:///etc/passwd", "https://"])
    func badRealm(realm: String) async throws {
        let fixture = UpstreamFixture(authentication: .challenge(#"Bearer realm="\#(realm)",service="s""#))
        try await fixture.run { stub, client, origin in
            let blob = stub.add(blob: bytes)
            await #expect(throws: UpstreamError.self) { try await client.blob(blob, at: origin, range: nil) }
            #expect(stub.requests.count == 1)
        }
    }

    @Test(
        "A realm on this machine or this link is refused before a byte is sent, also where a name leads there",
        arguments: ["http://127.0.0.2", "http://[::1]", "http://tokens.test"])
    func realmOnThisMachine(host: String) async throws {
        try await StubRegistry.with { victim in
            var fixture = UpstreamFixture(
                authentication: .challenge(#"Bearer realm="\#(host):\#(victim.port)/token",service="s""#))
            fixture.table.plainHTTP = true
            fixture.limits.resolving = ["tokens.test": "127.0.0.1"]
            try await fixture.run { stub, client, origin in
                let blob = stub.add(blob: bytes)
                let error = await #expect(throws: UpstreamError.self) {
                    try await client.blob(blob, at: origin, range: nil)
                }
                #expect(error?.code == .notAllowed)
                #expect(victim.requests.isEmpty)
                // Where a name leads is known once it is connected to.
                #expect(victim.connections == (host.hasSuffix("tokens.test") ? 1 : 0))
                #expect(stub.requests.count == 1)
            }
        }
    }

    @Test("What the challenge asks for besides pulling is asked for too")
    func challengeScope() async throws {
        let fixture = UpstreamFixture(
            authentication: .challenge(
                #"Bearer realm="http://127.0.0.1:1/token",scope="repository:library/app:metadata_read""#))
        try await fixture.run { stub, client, origin in
            let url = stub.url
            stub.set(
                .challenge(
                    #"Bearer realm="\#(url)/t?a=b#f",scope="repository:library/app:metadata_read",service="s&t""#))
            stub.route("/t") { _ in .text(200, #"{"token":"x"}"#) }
            _ = try? await client.tags(at: origin, count: nil, last: nil)
            #expect(
                stub.requests(for: "/t").first?.query
                    == "a=b&service=s%26t&scope=repository%3Alibrary%2Fapp%3Apull&scope=repository%3Alibrary%2Fapp%3Ametadata_read"
            )
        }
    }

    @Test("Whether an image is public is asked without the agent's credentials")
    func isPublic() async throws {
        let tokens = StubTokens(users: ["me": "hunter2"])
        try await withLogin(tokens) { stub, client, _ in
            stub.makePrivate("team/secret")
            let shown = stub.add(manifest: Array("{}".utf8), to: "team/public")
            let hidden = stub.add(manifest: Array("{ }".utf8), to: "team/secret")
            _ = try await client.head(.digest(hidden), at: .of("team/secret"), accept: [], deadline: .seconds(30))
            let isPublic = try await client.isPublic(shown, at: .of("team/public"))
            #expect(isPublic)
            let isPublicAgain = try await client.isPublic(hidden, at: .of("team/secret"))
            #expect(!isPublicAgain)
            let isPublicOnceMore = try await client.isPublic(hidden, at: .of("team/public"))
            #expect(!isPublicOnceMore)
        }
    }

    @Test("Whether an image is public is left open where upstream does not say")
    func publicUnknown() async throws {
        try await UpstreamFixture().run { stub, client, origin in
            let digest = stub.add(manifest: Array("{}".utf8))
            stub.script("/v2/library/app/manifests/\(digest)", [.status(500)])
            await #expect(throws: UpstreamError.self) { try await client.isPublic(digest, at: origin) }
        }
    }

    @Test("Nothing that is logged or thrown names a secret")
    func secrets() async throws {
        try await TemporaryFolder.with { folder in
            let file = folder.appending("password")
            try TemporaryFolder.write("hunter2", to: file)
            var fixture = UpstreamFixture(authentication: .bearer(StubTokens(users: ["me": "other"])))
            fixture.table = .init(username: "me", passwordFile: file)
            try await fixture.run { stub, client, origin in
                let error = await #expect(throws: UpstreamError.self) {
                    try await client.blob(stub.add(blob: bytes), at: origin, range: nil)
                }
                var dumped = ""
                if let error { dump(error, to: &dumped) }
                #expect(!dumped.contains("hunter2"))
            }
            let encoded = Data("me:hunter2".utf8).base64EncodedString()
            for line in fixture.log.text {
                #expect(!line.contains("hunter2"))
                #expect(!line.contains(encoded))
            }
        }
    }
}
