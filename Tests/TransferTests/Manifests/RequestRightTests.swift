import OCI
import Testing

@testable import Transfer

/// Each request is judged by what it sent itself, whoever asks for the same at the same time.
@Suite("Two clients who ask for the same", .serialized, .timeLimit(.minutes(1)))
struct RequestRightTests {
    /// Those who have no right to the image: a user with a wrong password, and this node, which has no credentials.
    static let others = [GateScene.wrong, .node]

    @Test("What upstream is giving to one client is no answer to another: manifests", arguments: others)
    func manifests(other: UpstreamIdentity) async throws {
        try await MirrorScene.run(verifies: false) { scene in
            // Asked for without credentials, then with them: and there it hangs.
            scene.stub.script(scene.manifestPath, [], [.stall(after: 10)], [])
            async let first = scene.get(.digest(scene.manifest), as: GateScene.anna)
            try await eventually { scene.stub.requests(for: scene.manifestPath).count == 2 }
            await #expect(throws: DistributionError.self) {
                _ = try await scene.get(.digest(scene.manifest), as: other)
            }
            await scene.stub.hangUpAll()
            let found = try await first
            #expect(found == scene.manifest)
        }
    }

    @Test("What upstream is giving to one client is no answer to another: blobs", arguments: others)
    func blobs(other: UpstreamIdentity) async throws {
        try await MirrorScene.run(verifies: false) { scene in
            scene.stub.script(paths(blob: scene.blob), [], [.stall(after: 10)], [])
            async let first = scene.read(as: GateScene.anna)
            try await eventually { scene.stub.requests(for: paths(blob: scene.blob)).count == 2 }
            await #expect(throws: FetchError.self) { _ = try await scene.read(as: other) }
            await scene.stub.hangUpAll()
            let bytes = try await first
            #expect(bytes == scene.bytes)
        }
    }

    @Test("What upstream keeps from one client it does not keep from another", arguments: others)
    func refusal(other: UpstreamIdentity) async throws {
        try await MirrorScene.run(verifies: false) { scene in
            await #expect(throws: FetchError.self) { _ = try await scene.read(as: other) }
            let bytes = try await scene.read(as: GateScene.anna)
            #expect(bytes == scene.bytes)
            await #expect(throws: DistributionError.self) {
                _ = try await scene.get(.tag(Tag("1")), as: other)
            }
            let found = try await scene.get(.tag(Tag("1")), as: GateScene.anna)
            #expect(found == scene.manifest)
        }
    }

    @Test("Who asks with the same right shares what upstream gives")
    func same() async throws {
        try await MirrorScene.run(verifies: false) { scene in
            scene.stub.script(paths(blob: scene.blob), [], [.stall(after: 10)], [])
            async let first = scene.read(as: GateScene.anna)
            try await eventually { scene.stub.requests(for: paths(blob: scene.blob)).count == 2 }
            async let second = scene.read(as: GateScene.anna)
            try await eventually { scene.fetcher.transfers.first?.readers == 2 }
            #expect(scene.fetcher.transfers.count == 1)
            await scene.stub.hangUpAll()
            let (one, two) = try await (first, second)
            #expect(one == scene.bytes)
            #expect(two == scene.bytes)
        }
    }

    // MARK: What is here already

    @Test("With offer what the node has is had by whoever reaches its mirror", arguments: others)
    func offer(other: UpstreamIdentity) async throws {
        try await MirrorScene.run(verifies: false) { scene in
            _ = try await scene.get(.digest(scene.manifest), as: GateScene.anna)
            _ = try await scene.read(as: GateScene.anna)
            // The reader has its last byte a moment before the store has the blob.
            try await eventually { scene.fetcher.sizeOnLAN(of: scene.blob) != nil }
            let asked = scene.stub.requests.count
            let found = try await scene.get(.digest(scene.manifest), as: other)
            let bytes = try await scene.read(as: other)
            #expect(found == scene.manifest)
            #expect(bytes == scene.bytes)
            #expect(scene.stub.requests.count == asked)
        }
    }

    @Test("With verify what the node has is had by whom upstream lets have it", arguments: others)
    func verify(other: UpstreamIdentity) async throws {
        try await MirrorScene.run(verifies: true) { scene in
            let found = try await scene.get(.digest(scene.manifest), as: GateScene.anna)
            #expect(found == scene.manifest)
            scene.knowledge.set { $0.parents[scene.blob] = [scene.manifest] }
            scene.knowledge.set { $0.places[scene.manifest] = [.registry(scene.origin)] }
            let bytes = try await scene.read(as: GateScene.anna)
            #expect(bytes == scene.bytes)
            for reference in [ManifestReference.digest(scene.manifest), .tag(try Tag("1"))] {
                await #expect(throws: DistributionError.self) { _ = try await scene.get(reference, as: other) }
            }
            await #expect(throws: FetchError.self) { _ = try await scene.read(as: other) }
            let again = try await scene.read(as: GateScene.anna)
            #expect(again == scene.bytes)
        }
    }

    @Test("Neither the log nor an answer tells what a client sent", arguments: [true, false])
    func log(verifies: Bool) async throws {
        try await MirrorScene.run(verifies: verifies) { scene in
            var told: [String] = []
            for identity in [GateScene.wrong, GateScene.anna] {
                do {
                    _ = try await scene.get(.tag(Tag("1")), as: identity)
                    _ = try await scene.read(as: identity)
                } catch {
                    told.append("\(error)")
                }
            }
            #expect(told.count == 1)
            for text in told + scene.log.text {
                #expect(!text.contains("secret") && !text.contains("YW5uYTp") && !text.contains("Basic "))
            }
        }
    }
}
