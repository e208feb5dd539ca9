import OCI
import Testing

@testable import Content

@Suite("All that a node holds", .timeLimit(.minutes(2)))
struct NodeContentTests {
    /// Both stores, empty, and the runtime followed.
    private func withBoth(
        _ body: @Sendable (RuntimeScene, ImageLayout, NodeContent) async throws -> Void
    ) async throws {
        let scene = try RuntimeScene()
        let layout = try scene.scratch.layout()
        let content = NodeContent(layout: layout, runtime: scene.store)
        try await scene.following { try await body(scene, layout, content) }
    }

    @Test("It keeps what every store promises: what comes to the layout", arguments: BlobStoreConformance.checks)
    func layout(_ check: BlobStoreConformance) async throws {
        try await withBoth { scene, layout, content in
            try await check.run {
                BlobStoreFixture(
                    store: content,
                    add: { bytes in
                        try await layout.put(bytes, as: digestOf(bytes))
                        return digestOf(bytes)
                    },
                    remove: { try layout.remove($0) })
            }
        }
    }

    @Test("It keeps what every store promises: what comes to containerd", arguments: BlobStoreConformance.checks)
    func runtime(_ check: BlobStoreConformance) async throws {
        try await withBoth { scene, layout, content in
            try await check.run { BlobStoreFixture(store: content, add: scene.add, remove: scene.remove) }
        }
    }

    @Test("A blob that both have is listed once, and goes with the second")
    func both() async throws {
        try await withBoth { scene, layout, content in
            var changes = content.changes().makeAsyncIterator()
            let digest = try await scene.add(bytes(100))
            try await layout.put(bytes(100), as: digest)
            #expect(content.blobs() == [BlobInfo(digest: digest, size: 100)])
            #expect(content.isProven(digest))
            try layout.remove(digest)
            #expect(content.size(of: digest) == 100)
            #expect(!content.isProven(digest))
            try await scene.remove(digest)
            #expect(content.blobs().isEmpty)
            var seen: [StoreChange] = []
            while seen.last != .removed(digest), let change = await changes.next() {
                if change != .images { seen.append(change) }
            }
            let added = StoreChange.added(BlobInfo(digest: digest, size: 100))
            #expect(seen == [added, added, .removed(digest)])
        }
    }

    @Test("A name that both know means what was said last, and each record is there once")
    func images() async throws {
        try await withBoth { scene, layout, content in
            let old = try await scene.image("registry.example.com/app:1", layers: [bytes(10)])
            let new = try TestImage("new", layers: [bytes(20)])
            try await new.put(into: layout)
            try await layout.record(try new.record("registry.example.com/app:1", knownGood: 1_800_000_000))
            try await wait { scene.store.images().count == 1 }
            let reference = try ImageReference(normalizing: "registry.example.com/app:1")
            #expect(content.images().map(\.digest) == [new.digest])
            #expect(content.image(for: reference)?.digest == new.digest)
            #expect(content.images(of: old.digest).count == 1)
            #expect(content.mediaType(of: old.digest) == .ociManifest)
            #expect(content.children(of: new.digest).count == 2)
            #expect(content.children(of: old.digest).count == 2)
            #expect(content.names(of: digestOf(bytes(10))).map(\.name) == ["registry.example.com/app:1"])
        }
    }

    @Test("A damaged blob is withdrawn from both")
    func withdrawn() async throws {
        try await withBoth { scene, layout, content in
            let digest = try await scene.add(bytes(100))
            try await layout.put(bytes(100), as: digest)
            await content.withdraw(digest, because: "it is wrong")
            #expect(content.size(of: digest) == nil)
        }
    }

    @Test("Without containerd it is the layout")
    func alone() async throws {
        let scratch = try Scratch()
        let layout = try scratch.layout()
        let content = NodeContent(layout: layout, runtime: nil)
        try await layout.put(bytes(100), as: digestOf(bytes(100)))
        #expect(content.blobs() == layout.blobs())
        #expect(content.isProven(digestOf(bytes(100))))
    }
}
