import OCI
import SystemPackage
import Testing

@testable import Content

@Suite(
    "With the real containerd", .serialized, .timeLimit(.minutes(3)),
    .enabled(
        if: Surroundings.hasContainerd || Surroundings.isCI,
        "containerd is not installed, or this is not root: apt-get install containerd"))
struct RealContainerdTests {
    private func store(of containerd: RealContainerd, _ scratch: Scratch) -> ContainerdStore {
        let log = LogRecorder()
        return ContainerdStore(
            settings: containerd.settings,
            proofs: ProofLedger(path: scratch.path.appending("proofs"), logger: log.logger), logger: log.logger)
    }

    private func following(_ store: ContainerdStore, _ body: @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await store.run() }
            try await body()
            group.cancelAll()
        }
    }

    @Test("An image that is imported comes, is read from its files, is proven, and goes when it is removed")
    func imported() async throws {
        let scratch = try Scratch()
        let containerd = try RealContainerd()
        let store = store(of: containerd, scratch)
        let image = try TestImage("imported", layers: [bytes(100_000)])
        let layer = digestOf(bytes(100_000))
        try await containerd.running {
            try await following(store) {
                try await wait { if case .following = store.state { true } else { false } }
                try await containerd.load(image, as: "registry.example.com/app:1")
                try await wait { store.images().count == 1 && store.isKept(layer) }
                let reader = try #require(try await store.open(layer) as? StoredBlob)
                #expect(try await reader.collect(limit: 1 << 20) == bytes(100_000))
                let origin = try Origin("registry.example.com/app")
                #expect(store.origins(of: layer) == [origin])
                let prover = BlobProver(threads: 1, urgency: .awaited)
                #expect(await prover.prove(layer, in: store) == .intact)
                await prover.shutdown()
                #expect(store.isProven(layer))
                try await containerd.told("images", "rm", "--sync", "registry.example.com/app:1")
                try await wait { store.blobs().isEmpty && store.images().isEmpty }
            }
        }
    }

    @Test("A containerd that is killed and started again is followed on, without a gap")
    func restarted() async throws {
        let scratch = try Scratch()
        let containerd = try RealContainerd()
        let store = store(of: containerd, scratch)
        let image = try TestImage("restarted", layers: [bytes(1000)])
        let layer = digestOf(bytes(1000))
        try await following(store) {
            try await containerd.running {
                try await containerd.load(image, as: "registry.example.com/app:1")
                try await wait { store.isKept(layer) }
            }
            try await wait { if case .lost = store.state { true } else { false } }
            #expect(store.isKept(layer))
            try await containerd.running {
                try await wait { if case .following = store.state { true } else { false } }
                #expect(store.isKept(layer))
                try await containerd.load(
                    try TestImage("second", layers: [bytes(2000)]), as: "registry.example.com/app:2")
                try await wait { store.images().count == 2 }
            }
        }
    }
}
