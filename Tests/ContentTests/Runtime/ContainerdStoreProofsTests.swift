import Glibc
import OCI
import SystemPackage
import Testing

@testable import Content

@Suite("Proofs of containerd's blobs", .timeLimit(.minutes(2)))
struct ContainerdStoreProofsTests {
    @Test("A blob is proven once its very file has been hashed")
    func proven() async throws {
        let scene = try RuntimeScene()
        let layer = try scene.runtime.commit(bytes(100))
        try await scene.following {
            #expect(!scene.store.isProven(layer))
            let prover = BlobProver(threads: 1, urgency: .awaited)
            #expect(await prover.prove(layer, in: scene.store) == .intact)
            await prover.shutdown()
            #expect(scene.store.isProven(layer))
            #expect(scene.store.provable().allSatisfy { $0.provenAt != nil })
            try scene.runtime.writeFile(bytes(100), as: layer)
            try await wait { !scene.store.isProven(layer) }
            #expect(scene.store.size(of: layer) == 100)
        }
    }

    @Test("A flipped byte is found, and the blob withdrawn", arguments: [true, false])
    func damaged(hasFiles: Bool) async throws {
        let scene = try RuntimeScene(hasFiles: hasFiles)
        let layer = try scene.runtime.commit(bytes(100))
        if hasFiles { try scene.scratch.write(bytes(100, seed: 2), to: try scene.path(of: layer)) }
        try await scene.following {
            let prover = BlobProver(threads: 1, urgency: .awaited)
            let outcome = await prover.prove(layer, in: scene.store)
            await prover.shutdown()
            if hasFiles {
                guard case .damaged = outcome else { return #expect(Bool(false), "\(outcome)") }
                #expect(scene.store.blobs().isEmpty)
                #expect(scene.store.provable().isEmpty)
            } else {
                #expect(outcome == .intact)
                #expect(scene.store.isProven(layer))
            }
        }
    }

    @Test("A file that is younger than a crash is held back until it is proven")
    func heldBack() async throws {
        let now = Int64(time(nil)) * 1_000_000_000
        let window = CrashWindow(since: now - 60_000_000_000, until: now + 60_000_000_000)
        let scene = try RuntimeScene(window: window)
        let layer = try scene.runtime.commit(bytes(100))
        try await scene.following {
            #expect(scene.store.blobs().isEmpty)
            #expect(scene.store.provable().map(\.isHeldBack) == [true])
            let reader = try await scene.store.open(layer)
            #expect(reader == nil)
            let identity = try #require(FileIdentity(at: try scene.path(of: layer)))
            await scene.store.proved(layer, as: identity)
            #expect(scene.store.size(of: layer) == 100)
            #expect(scene.store.isProven(layer))
        }
    }

    @Test("A file that cannot be read is held back until it has been read whole, or is another one")
    func unreadable() async throws {
        let scene = try RuntimeScene()
        let layer = try scene.runtime.commit(bytes(100))
        try await scene.following {
            let readers = (
                try #require(try await scene.store.open(layer)), try #require(try await scene.store.open(layer))
            )
            #expect(await !readers.0.unreadable(because: "the disk fails"))
            #expect(scene.store.size(of: layer) == nil)
            #expect(scene.store.provable().map(\.isHeldBack) == [true])
            #expect(scene.store.damaged().isEmpty)
            let identity = try #require(FileIdentity(at: try scene.path(of: layer)))
            await scene.store.proved(layer, as: identity)
            #expect(scene.store.size(of: layer) == 100)
            #expect(unlink(try scene.path(of: layer).string) == 0)
            try scene.runtime.writeFile(bytes(100), as: layer)
            try await wait { scene.store.size(of: layer) == 100 }
            // It was another file that this one reads.
            #expect(await !readers.1.unreadable(because: "the disk fails"))
            #expect(scene.store.size(of: layer) == 100)
            await scene.store.withdraw(layer, file: identity, because: "its bytes are those of another")
            #expect(scene.store.size(of: layer) == 100)
        }
        #expect(scene.log.warnings.count { $0.contains("cannot be read") && $0.contains("\(layer)") } == 1)
    }
}
