import Glibc
import OCI
import SystemPackage
import Testing

@testable import Content

@Suite("containerd's files", .timeLimit(.minutes(2)))
struct ContainerdStoreFilesTests {
    @Test("A file that was cut behind containerd's back is withdrawn with a warning, and not served")
    func truncated() async throws {
        let scene = try RuntimeScene()
        let image = try await scene.image("app:1", layers: [bytes(100)])
        let layer = digestOf(bytes(100))
        try await scene.following {
            #expect(truncate(try scene.path(of: layer).string, 60) == 0)
            let reader = try await scene.store.open(layer)
            #expect(reader == nil)
            #expect(scene.store.size(of: layer) == nil)
            #expect(scene.store.size(of: image.digest) != nil)
            #expect(!scene.store.isKept(layer))
            #expect(scene.store.damaged().map(\.digest) == [layer])
        }
        #expect(scene.log.warnings.count { $0.contains("\(layer)") && $0.contains("app:1") && $0.contains("60") } == 1)
    }

    @Test("A file that was cut before is never offered")
    func truncatedBefore() async throws {
        let scene = try RuntimeScene()
        let layer = try scene.runtime.commit(bytes(100))
        try scene.runtime.commit(bytes(50))
        #expect(truncate(try scene.path(of: layer).string, 60) == 0)
        try await scene.following {
            #expect(scene.store.blobs() == [BlobInfo(digest: digestOf(bytes(50)), size: 50)])
        }
        #expect(scene.log.warnings.contains { $0.contains("\(layer)") })
    }

    @Test("A file that is gone behind containerd's back is not held, until it is there again")
    func missing() async throws {
        let scene = try RuntimeScene()
        try scene.runtime.commit(bytes(50))
        let layer = try scene.runtime.commit(bytes(100))
        try await scene.following {
            #expect(unlink(try scene.path(of: layer).string) == 0)
            let reader = try await scene.store.open(layer)
            #expect(reader == nil)
            #expect(scene.store.size(of: layer) == nil)
            try scene.runtime.writeFile(bytes(100), as: layer)
            try await wait { scene.store.size(of: layer) == 100 }
        }
    }

    @Test("A damaged blob stays withdrawn until its file is another one")
    func withdrawn() async throws {
        let scene = try RuntimeScene()
        let layer = try scene.runtime.commit(bytes(100))
        try await scene.following {
            await scene.store.withdraw(layer, because: "its bytes are those of another")
            #expect(scene.store.size(of: layer) == nil)
            scene.runtime.tell(.content(layer, isThere: true))
            scene.runtime.tell(.namespaces)
            let other = try await scene.add(bytes(200))
            try await wait { scene.runtime.log.count { $0 == "list default" } > 1 }
            #expect(scene.store.blobs() == [BlobInfo(digest: other, size: 200)])
            try scene.runtime.writeFile(bytes(100), as: layer)
            try await wait { scene.store.size(of: layer) == 100 }
        }
    }

    @Test("A root that does not exist is no obstacle: the runtime is asked for the bytes")
    func absentRoot() async throws {
        let absent = FilePath("/nonexistent/containerd")
        let scene = try RuntimeScene(root: absent)
        let content = bytes(3_000_000)
        let layer = try scene.runtime.commit(content)
        try await scene.following {
            guard case .following(let following) = scene.store.state,
                case .unreadable(let reason) = following.files
            else { return #expect(Bool(false), "files that do not exist cannot be readable") }
            #expect(reason.contains("\(absent)") && reason.contains("runtime.containerd.root"))
            let reader = try #require(try await scene.store.open(layer))
            #expect(try await reader.collect(limit: 1 << 40) == content)
            let slice = try await reader.next(at: 0, limit: 1 << 40)
            #expect(slice.length == ServiceBlob.pieceSize)
        }
        #expect(scene.log.warnings.count { $0.contains("cannot be read") } == 1)
    }

    @Test("A folder that has none of the files is another machine's, or another mount namespace's")
    func otherRoot() async throws {
        let other = try Scratch()
        mkdir(other.path.appending(ContentFiles.plugin).string, 0o700)
        let scene = try RuntimeScene(root: other.path)
        try scene.runtime.commit(bytes(100))
        try scene.runtime.commit(bytes(200))
        try await scene.following {
            #expect(scene.store.blobs().count == 2)
            let reader = try #require(try await scene.store.open(digestOf(bytes(100))))
            #expect(try await reader.collect() == bytes(100))
        }
        #expect(scene.log.warnings.contains { $0.contains("has none of the files") })
    }

    @Test("A file that is read through the runtime ends with an error while that is away")
    func away() async throws {
        let scene = try RuntimeScene(hasFiles: false)
        let layer = try scene.runtime.commit(bytes(100))
        try await scene.following {
            let reader = try #require(try await scene.store.open(layer))
            scene.runtime.set(isUp: false)
            try await wait { if case .lost = scene.store.state { true } else { false } }
            await #expect(throws: ContentError.self) { try await reader.next(at: 0, limit: 10) }
        }
    }
}
