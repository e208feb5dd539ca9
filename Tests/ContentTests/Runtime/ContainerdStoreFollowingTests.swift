import Glibc
import OCI
import Testing

@testable import Content

@Suite("Following containerd", .timeLimit(.minutes(2)))
struct ContainerdStoreFollowingTests {
    @Test("What was there before is there at once: blobs, images, and what leads to what")
    func listed() async throws {
        let scene = try RuntimeScene()
        let origin = try Origin("registry.example.com/team/app")
        let image = try await scene.image(
            "registry.example.com/team/app:1", layers: [bytes(100)], origins: [origin])
        try await scene.following {
            #expect(scene.store.blobs().count == 3)
            #expect(scene.store.images().map(\.reference?.description) == ["registry.example.com/team/app:1"])
            #expect(scene.store.images().first?.knownGood == 1_700_000_000)
            #expect(Set(scene.store.children(of: image.digest)) == [digestOf(image.config), digestOf(bytes(100))])
            #expect(scene.store.origins(of: digestOf(bytes(100))) == [origin])
            #expect(scene.store.isKept(digestOf(bytes(100))))
            #expect(
                scene.store.names(of: digestOf(bytes(100)))
                    == [RuntimeImageName(namespace: "default", name: "registry.example.com/team/app:1")])
        }
    }

    @Test("Content whose runtime says nothing about it is noticed by its file")
    func watched() async throws {
        let scene = try RuntimeScene()
        try await scene.following {
            let digest = try scene.runtime.commit(bytes(100), isTold: false)
            try await wait { scene.store.size(of: digest) == 100 }
            scene.runtime.collect(digest, isTold: false)
            try await wait { scene.store.size(of: digest) == nil }
        }
    }

    @Test("A file that is there before its content is committed counts once it is")
    func fileFirst() async throws {
        let scene = try RuntimeScene()
        try scene.runtime.commit(bytes(50))
        try await scene.following {
            let digest = digestOf(bytes(100))
            try scene.runtime.writeFile(bytes(100), as: digest)
            try await wait { scene.runtime.log.contains("content default \(digest)") }
            #expect(scene.store.size(of: digest) == nil)
            try scene.runtime.commit(bytes(100), isTold: false)
            try await wait { scene.store.size(of: digest) == 100 }
        }
    }

    @Test("An image's blobs go when they are collected, some time after its name has gone")
    func deleted() async throws {
        let scene = try RuntimeScene()
        let image = try await scene.image("app:1", layers: [bytes(100)])
        let layer = digestOf(bytes(100))
        try await scene.following {
            scene.runtime.untag("app:1")
            try await wait { scene.store.images().isEmpty }
            #expect(scene.store.size(of: layer) == 100)
            #expect(!scene.store.isKept(layer))
            for digest in [layer, digestOf(image.config), image.digest] {
                scene.runtime.collect(digest, isTold: false)
            }
            try await wait { scene.store.blobs().isEmpty }
        }
    }

    @Test("Without files to watch, garbage collection is noticed by looking again")
    func deletedUnwatched() async throws {
        let scene = try RuntimeScene(hasFiles: false)
        let image = try await scene.image("app:1", layers: [bytes(100)])
        try await scene.following {
            scene.runtime.untag("app:1")
            try await wait { scene.store.images().isEmpty }
            for digest in [digestOf(bytes(100)), digestOf(image.config), image.digest] {
                scene.runtime.collect(digest, isTold: false)
            }
            try await wait { scene.store.blobs().isEmpty }
        }
    }

    @Test("An image that is made is known with its blobs' labels, which came after the blobs")
    func made() async throws {
        let scene = try RuntimeScene()
        try await scene.following {
            let layer = try await scene.add(bytes(100))
            #expect(!scene.store.isKept(layer))
            let origin = try Origin("registry.example.com/app")
            let image = try TestImage("app", layers: [bytes(100)])
            try scene.runtime.commit(bytes(100), origins: [origin], isTold: false)
            try scene.runtime.commit(image.config)
            try scene.runtime.commit(image.manifest, children: [layer, digestOf(image.config)])
            scene.runtime.tag("registry.example.com/app:1", image.digest)
            try await wait { scene.store.images().count == 1 && scene.store.isKept(layer) }
            #expect(scene.store.origins(of: layer) == [origin])
        }
    }

    @Test("An image without labels comes from where its name says")
    func unlabelled() async throws {
        let scene = try RuntimeScene()
        let image = try await scene.image("registry.example.com/team/app:1", layers: [bytes(100)])
        let origin = try Origin("registry.example.com/team/app")
        try await scene.following {
            #expect(scene.store.origins(of: image.digest) == [origin])
            #expect(scene.store.origins(of: digestOf(bytes(100))) == [origin])
        }
    }

    @Test("A blob is held while any namespace has it, one that appears later too")
    func namespaces() async throws {
        let scene = try RuntimeScene()
        try scene.runtime.commit(bytes(100), in: "default")
        try await scene.following {
            try scene.runtime.commit(bytes(100), in: "k8s.io")
            scene.runtime.tell(.namespaces)
            try await wait { scene.runtime.log.contains("list k8s.io") }
            scene.runtime.collect(digestOf(bytes(100)), in: "default")
            scene.runtime.removeNamespace("default")
            try await wait {
                if case .following(let state) = scene.store.state { state.namespaces == ["k8s.io"] } else { false }
            }
            #expect(scene.store.size(of: digestOf(bytes(100))) == 100)
        }
    }

    @Test("Only the namespaces that are configured count")
    func configured() async throws {
        let scene = try RuntimeScene(namespaces: ["k8s.io"])
        try scene.runtime.commit(bytes(100), in: "k8s.io")
        try scene.runtime.commit(bytes(200), in: "moby")
        try await scene.following {
            #expect(scene.store.blobs() == [BlobInfo(digest: digestOf(bytes(100)), size: 100)])
        }
    }

    @Test("A runtime that is killed and comes back costs nothing that it still has")
    func restarted() async throws {
        let scene = try RuntimeScene()
        let kept = try scene.runtime.commit(bytes(100))
        let lost = try scene.runtime.commit(bytes(200))
        try await scene.following {
            scene.runtime.set(isUp: false)
            try await wait { if case .lost = scene.store.state { true } else { false } }
            let reader = try #require(try await scene.store.open(kept))
            #expect(try await reader.collect() == bytes(100))
            scene.runtime.collect(lost, isTold: false)
            scene.runtime.set(isUp: true)
            try await wait { if case .following = scene.store.state { true } else { false } }
            #expect(scene.store.size(of: kept) == 100)
            #expect(scene.store.size(of: lost) == nil)
        }
        #expect(scene.log.warnings.count { $0.contains("containerd is away") } == 1)
    }

    @Test("Many at once are one look")
    func coalesced() async throws {
        let scene = try RuntimeScene()
        try await scene.following {
            for number in 0..<100 { scene.runtime.tag("app:\(number)", digestOf(bytes(number))) }
            try await wait {
                if case .following(let state) = scene.store.state { state.images == 100 } else { false }
            }
            #expect(scene.runtime.log.count { $0.hasPrefix("image ") } <= LookSchedule.maximumImages * 2)
        }
    }

    @Test("Five hundred images and five thousand blobs are known after one listing")
    func large() async throws {
        let scene = try RuntimeScene(hasFiles: false)
        for number in 0..<500 {
            let layers = try (0..<9).map { try scene.runtime.commit(Array("\(number).\($0)".utf8)) }
            let manifest = try scene.runtime.commit(Array("manifest \(number)".utf8), children: layers)
            scene.runtime.tag("registry.example.com/app:\(number)", manifest)
        }
        try await scene.following {
            #expect(scene.store.blobs().count == 5000)
            #expect(scene.store.images().count == 500)
            #expect(scene.runtime.log.allSatisfy { !$0.hasPrefix("content ") && !$0.hasPrefix("image ") })
        }
    }
}
