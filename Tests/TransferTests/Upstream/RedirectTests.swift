import NIOHTTP1
import OCI
import SystemPackage
import Testing

@testable import Transfer

struct RedirectTests {
    private let bytes = someBytes(5000)

    /// A registry that wants a password, and a storage host of another port to which it redirects for its blob.
    private func run(
        _ body: (_ registry: StubRegistry, _ storage: StubRegistry, UpstreamClient, Origin, Digest) async throws -> Void
    ) async throws {
        try await TemporaryFolder.with { folder in
            let file = folder.appending("password")
            try TemporaryFolder.write("hunter2", to: file)
            var fixture = UpstreamFixture(authentication: .basic(["me": "hunter2"]))
            fixture.table = .init(username: "me", passwordFile: file)
            try await fixture.run { registry, client, origin in
                try await StubRegistry.with { storage in
                    let blob = registry.add(blob: bytes)
                    storage.add(blob: bytes)
                    try await body(registry, storage, client, origin, blob)
                }
            }
        }
    }

    @Test("A redirect is followed, and Authorization stays behind", arguments: [301, 302, 303, 307, 308])
    func noLeak(status: Int) async throws {
        try await run { registry, storage, client, origin, blob in
            registry.script(paths(blob: blob), [], [.redirect(to: storage.url + paths(blob: blob), status: status)])
            for _ in 0..<2 {
                let received = try await client.bytes(of: blob, at: origin)
                #expect(received == bytes)
            }
            #expect(registry.requests.contains { $0.authorization != nil })
            #expect(!storage.requests.isEmpty)
            for request in storage.requests {
                #expect(request.authorization == nil)
                #expect(!request.headers.contains(name: "Cookie"))
            }
        }
    }

    @Test("Authorization that was left behind does not come back on the way home")
    func wayHome() async throws {
        try await run { registry, storage, client, origin, blob in
            registry.script(paths(blob: blob), [], [.redirect(to: storage.url + "/away")])
            let home = registry.url + "/home"
            storage.route("/away") { _ in .redirect(to: home) }
            registry.route("/home") { _ in StubResponse(200, body: someBytes(5000)) }
            let received = try await client.bytes(of: blob, at: origin)
            #expect(received == bytes)
            #expect(registry.requests(for: "/home").map(\.authorization) == [nil])
        }
    }

    @Test("A storage host that asks for credentials gets none")
    func storageAsks() async throws {
        try await run { registry, storage, client, origin, blob in
            registry.script(paths(blob: blob), [], [.redirect(to: storage.url + paths(blob: blob))])
            storage.set(.basic(["me": "hunter2"]))
            let error = await #expect(throws: UpstreamError.self) {
                try await client.blob(blob, at: origin, range: nil)
            }
            #expect(error?.code == .needsCredentials)
            #expect(!storage.requests.contains { $0.authorization != nil })
        }
    }

    @Test("A range is kept over a redirect")
    func range() async throws {
        try await run { registry, storage, client, origin, blob in
            registry.script(paths(blob: blob), [], [.redirect(to: storage.url + paths(blob: blob))])
            let answer = try await client.blob(blob, at: origin, range: 1000..<2000)
            #expect(answer.offset == 1000)
            #expect(answer.totalSize == 5000)
            let received = try await answer.body.readAll()
            #expect(received == Array(bytes[1000..<2000]))
        }
    }

    @Test("A redirect's target is asked for exactly as it is written, signatures and all")
    func spelling() async throws {
        try await UpstreamFixture().run { registry, client, origin in
            let blob = registry.add(blob: bytes)
            let target = "/a%2Fb/c%20d/~x?sig=a%2Bb+c%3D%3D&empty=&X-Amz=%7E"
            registry.script(paths(blob: blob), [.redirect(to: registry.url + target)])
            registry.route("/a%2Fb/c%20d/~x") { _ in StubResponse(200, body: someBytes(5000)) }
            let received = try await client.bytes(of: blob, at: origin)
            #expect(received == bytes)
            #expect(registry.requests.last?.target == target)
        }
    }

    @Test("A relative redirect is one too")
    func relative() async throws {
        try await UpstreamFixture().run { registry, client, origin in
            let blob = registry.add(blob: bytes)
            registry.script(paths(blob: blob), [.redirect(to: "/elsewhere?x=1")])
            registry.route("/elsewhere") { _ in StubResponse(200, body: someBytes(5000)) }
            let received = try await client.bytes(of: blob, at: origin)
            #expect(received == bytes)
        }
    }

    @Test("Redirects that lead in a circle end")
    func circle() async throws {
        try await UpstreamFixture().run { registry, client, origin in
            let blob = registry.add(blob: bytes)
            registry.script(paths(blob: blob), [.redirect(to: "/b")])
            let back = paths(blob: blob)
            registry.route("/b") { _ in .redirect(to: back) }
            let error = await #expect(throws: UpstreamError.self) {
                try await client.blob(blob, at: origin, range: nil)
            }
            #expect(error?.code == .broken)
            #expect(registry.requests.count == 2)
        }
    }

    @Test("Redirects without end end after five")
    func endless() async throws {
        try await UpstreamFixture().run { registry, client, origin in
            let blob = registry.add(blob: bytes)
            registry.script(paths(blob: blob), [.redirect(to: "/1")])
            for step in 1...9 { registry.route("/\(step)") { _ in .redirect(to: "/\(step + 1)") } }
            let error = await #expect(throws: UpstreamError.self) {
                try await client.blob(blob, at: origin, range: nil)
            }
            #expect(error?.code == .broken)
            #expect(registry.requests.count == 6)
        }
    }

    @Test(
        "A redirect to this machine or this link is refused",
        arguments: ["http://localhost:1/x", "http://169.254.169.254/x", "http://127.0.0.2/x", "http://[::1]/x"])
    func forbidden(target: String) async throws {
        var fixture = UpstreamFixture()
        fixture.table.plainHTTP = true
        try await fixture.run { registry, client, origin in
            let blob = registry.add(blob: bytes)
            registry.script(paths(blob: blob), [.redirect(to: target)])
            let error = await #expect(throws: UpstreamError.self) {
                try await client.blob(blob, at: origin, range: nil)
            }
            #expect(error?.code == .notAllowed)
            #expect(!client.isKnownUnreachable(origin.registry))
        }
    }

    @Test("A name that turns out to resolve to loopback is refused before a byte is sent")
    func rebinding() async throws {
        var fixture = UpstreamFixture()
        fixture.table.plainHTTP = true
        fixture.limits.resolving = ["storage.test": "127.0.0.1"]
        try await fixture.run { registry, client, origin in
            try await StubRegistry.with { victim in
                let blob = registry.add(blob: bytes)
                registry.script(paths(blob: blob), [.redirect(to: "http://storage.test:\(victim.port)/x")])
                let error = await #expect(throws: UpstreamError.self) {
                    try await client.blob(blob, at: origin, range: nil)
                }
                #expect(error?.code == .notAllowed)
                #expect(victim.requests.isEmpty)
            }
        }
    }

    @Test("A name that turns out to resolve to loopback is refused over TLS, too, with a certificate that is trusted")
    func rebindingOverTLS() async throws {
        try await StubCertificate.with(names: ["named.test", "other.test"]) { certificate in
            var fixture = UpstreamFixture(certificate: certificate)
            fixture.table.caFile = certificate.file
            fixture.hostName = "named.test"
            fixture.limits.resolving = ["named.test": "127.0.0.1", "other.test": "127.0.0.1"]
            try await fixture.run { registry, client, origin in
                let blob = registry.add(blob: bytes)
                registry.script(paths(blob: blob), [.redirect(to: "https://other.test:\(registry.port)/x")])
                registry.route("/x") { _ in StubResponse(200, body: someBytes(5000)) }
                let error = await #expect(throws: UpstreamError.self) {
                    try await client.blob(blob, at: origin, range: nil)
                }
                #expect(error?.code == .notAllowed)
                #expect(registry.requests.map(\.path) == [paths(blob: blob)])
            }
        }
    }

    @Test("https does not lead to plain HTTP")
    func downgrade() async throws {
        try await StubCertificate.with { certificate in
            var fixture = UpstreamFixture(certificate: certificate)
            fixture.table.caFile = certificate.file
            fixture.limits.resolving = ["storage.test": "127.0.0.1"]
            try await fixture.run { registry, client, origin in
                let blob = registry.add(blob: bytes)
                registry.script(paths(blob: blob), [.redirect(to: "http://storage.test/x")])
                let error = await #expect(throws: UpstreamError.self) {
                    try await client.blob(blob, at: origin, range: nil)
                }
                #expect(error?.code == .notAllowed)
                #expect(error?.message.contains("plain_http") == true)
            }
        }
    }

    @Test("A storage host that is away does not make the registry unreachable")
    func storageAway() async throws {
        try await UpstreamFixture().run { registry, client, origin in
            let closed = try await StubRegistry.with { $0.url }
            let blob = registry.add(blob: bytes)
            registry.script(paths(blob: blob), [.redirect(to: closed + "/x")])
            let error = await #expect(throws: UpstreamError.self) {
                try await client.blob(blob, at: origin, range: nil)
            }
            #expect(error?.code == .unreachable)
            #expect(!client.isKnownUnreachable(origin.registry))
        }
    }
}
