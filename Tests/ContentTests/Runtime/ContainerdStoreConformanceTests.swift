import Testing

@testable import Content

@Suite("containerd's store keeps what every store promises", .timeLimit(.minutes(2)))
struct ContainerdStoreConformanceTests {
    @Test("by its files", arguments: BlobStoreConformance.checks)
    func files(_ check: BlobStoreConformance) async throws {
        let scene = try RuntimeScene()
        try await scene.following {
            try await check.run {
                BlobStoreFixture(store: scene.store, add: scene.add, remove: scene.remove)
            }
        }
    }

    @Test(
        "through the runtime",
        arguments: BlobStoreConformance.checks.filter { !$0.testDescription.contains("while it is read") })
    func service(_ check: BlobStoreConformance) async throws {
        let scene = try RuntimeScene(hasFiles: false)
        try await scene.following {
            try await check.run {
                BlobStoreFixture(store: scene.store, add: scene.add, remove: scene.remove)
            }
        }
    }
}
