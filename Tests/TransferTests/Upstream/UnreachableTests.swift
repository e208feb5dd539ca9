import OCI
import Synchronization
import Testing

@testable import Transfer

struct UnreachableTests {
    private func latest() throws -> ManifestReference { .tag(try Tag("latest")) }

    @Test("A registry where nobody listens is remembered, and not asked again")
    func refused() async throws {
        try await UpstreamFixture().run { stub, client, origin in
            #expect(!client.isKnownUnreachable(origin.registry))
            await stub.stop()
            for _ in 0..<2 {
                let error = await #expect(throws: UpstreamError.self) {
                    try await client.manifest(latest(), at: origin, accept: [], deadline: .seconds(30))
                }
                #expect(error?.code == .unreachable)
                #expect(client.isKnownUnreachable(origin.registry))
            }
        }
    }

    @Test("While a registry is known to be away, nothing is sent")
    func resting() async throws {
        try await UpstreamFixture().run { stub, client, origin in
            client.reachability.withLock { $0.failed(origin.registry, now: .now) }
            let error = await #expect(throws: UpstreamError.self) {
                try await client.manifest(latest(), at: origin, accept: [], deadline: .seconds(30))
            }
            #expect(error?.code == .unreachable)
            #expect(stub.connections == 0)
        }
    }

    @Test("An answer of any kind ends an outage")
    func back() async throws {
        try await UpstreamFixture().run { stub, client, origin in
            let longAgo = ContinuousClock.now.advanced(by: .zero - Reachability.rest)
            client.reachability.withLock { $0.failed(origin.registry, now: longAgo) }
            let error = await #expect(throws: UpstreamError.self) {
                try await client.manifest(latest(), at: origin, accept: [], deadline: .seconds(30))
            }
            #expect(error?.code == .notFound)
            #expect(!client.isKnownUnreachable(origin.registry))
            #expect(client.reachability.withLock { $0.admit(origin.registry, now: .now) })
            #expect(client.reachability.withLock { $0.admit(origin.registry, now: .now) })
            #expect(stub.requests.count == 1)
        }
    }

    @Test("A name that does not resolve is an outage")
    func unresolvable() async throws {
        var fixture = UpstreamFixture()
        fixture.table.url = "https://nowhere.test"
        // A label of 64 bytes is none: the resolver says so without asking anybody.
        fixture.limits.resolving = ["nowhere.test": String(repeating: "a", count: 64) + ".test"]
        try await fixture.run { _, client, origin in
            let error = await #expect(throws: UpstreamError.self) {
                try await client.manifest(latest(), at: origin, accept: [], deadline: .seconds(30))
            }
            #expect(error?.code == .unreachable)
            #expect(client.isKnownUnreachable(origin.registry))
        }
    }

    @Test("A registry that takes connections and says nothing is left at the deadline")
    func mute() async throws {
        try await UpstreamFixture().run { stub, client, origin in
            stub.script("/v2/library/app/manifests/latest", [.mute])
            let start = ContinuousClock.now
            let error = await #expect(throws: UpstreamError.self) {
                try await client.manifest(latest(), at: origin, accept: [], deadline: .milliseconds(300))
            }
            #expect(error?.code == .unreachable)
            #expect(start.duration(to: .now) < .seconds(20))
            #expect(client.isKnownUnreachable(origin.registry))
        }
    }

    @Test("A token server that does not answer says nothing about the registry, and who has more time asks it again")
    func muteTokenServer() async throws {
        let tokens = StubTokens()
        try await UpstreamFixture(authentication: .bearer(tokens)).run { stub, client, origin in
            let blob = stub.add(blob: someBytes(10))
            stub.script("/token", [.mute], [])
            let hasty = Task { try await client.blobHead(blob, at: origin, deadline: .milliseconds(500)) }
            try await eventually { !stub.requests(for: "/token").isEmpty }
            let patient = Task { try await client.blobHead(blob, at: origin, deadline: .seconds(30)) }
            let error = await #expect(throws: UpstreamError.self) { try await hasty.value }
            #expect(error?.code == .unreachable && error?.message.contains("token server") == true)
            let size = try await patient.value
            #expect(size == 10)
            #expect(!client.isKnownUnreachable(origin.registry))
        }
    }

    @Test("A cancelled question says nothing about the registry")
    func cancelled() async throws {
        try await UpstreamFixture().run { stub, client, origin in
            stub.script("/v2/library/app/manifests/latest", [.mute])
            let task = Task { try await client.head(latest(), at: origin, accept: [], deadline: .seconds(30)) }
            while stub.requests.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
            task.cancel()
            await #expect(throws: UpstreamError.self) { try await task.value }
            #expect(!client.isKnownUnreachable(origin.registry))
        }
    }

    @Test("A pooled connection that the registry has closed is no failure")
    func staleConnection() async throws {
        try await UpstreamFixture().run { stub, client, origin in
            let digest = stub.add(manifest: Array("{}".utf8), tag: "latest")
            _ = try await client.head(latest(), at: origin, accept: [], deadline: .seconds(30))
            await stub.hangUpAll()
            let meaning = try await client.meaning(of: latest(), at: origin)
            #expect(meaning == digest)
        }
    }
}
