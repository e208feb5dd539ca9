import Containerd
import Integrity
import OCI
import SystemPackage
import Testing

@Suite("The client of a real containerd", .serialized, .needsContainerd)
struct ContainerdClientTests {
    private static let layer = [UInt8](repeating: 7, count: 3_000_000)
    private static let layerDigest = ContentHasher.digest(of: layer)

    @Test("asks for its version, its content's folder and its namespaces")
    func itself() async throws {
        try await RealContainerd.with { containerd in
            try await containerd.ingest([1], ContentHasher.digest(of: [1]).description, in: "k8s.io")
            try await ContainerdClient.withConnection(to: containerd.socket) { client in
                #expect(try await client.version().contains("1.") || client.version().contains("2."))
                #expect(try await client.contentRoot() == containerd.root)
                #expect(try await client.namespaces().contains("k8s.io"))
            }
        }
    }

    @Test("lists committed content with what its labels say, looks at one blob, and reads its bytes")
    func content() async throws {
        try await RealContainerd.with { containerd in
            let child = ContentHasher.digest(of: [2])
            try await containerd.ingest(
                Self.layer, Self.layerDigest.description,
                labels: [
                    "containerd.io/gc.ref.content.0=\(child)", "containerd.io/gc.root=1",
                    "containerd.io/distribution.source.docker.io=library/nginx",
                ])
            try await ContainerdClient.withConnection(to: containerd.socket) { client in
                let content = try #require(try await client.contents(in: "default").first)
                #expect(content.digest == Self.layerDigest && content.size == 3_000_000 && content.createdAt > 0)
                #expect(content.references == [child])
                #expect(content.origins == [try Origin("docker.io/library/nginx")])
                #expect(try await client.content(Self.layerDigest, in: "default") == content)
                #expect(try await client.content(child, in: "default") == nil)
                #expect(try await client.content(Self.layerDigest, in: "elsewhere") == nil)
                let bytes = try await client.read(Self.layerDigest, in: "default", at: 1_000_000, count: 1_500_000)
                #expect(bytes == Array(Self.layer[1_000_000..<2_500_000]))
                #expect(try await client.read(Self.layerDigest, in: "default", at: 2_999_999, count: 100).count == 1)
                await #expect(throws: ContainerdError.self) {
                    try await client.read(child, in: "default", at: 0, count: 1)
                }
            }
        }
    }

    @Test("tells of images as they are made and removed, and lists them")
    func images() async throws {
        try await RealContainerd.with { containerd in
            let manifest = Array(
                #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]}"#
                    .utf8)
            let digest = ContentHasher.digest(of: manifest)
            try await ContainerdClient.withConnection(to: containerd.socket) { client in
                let events = try await client.events(in: [])
                try await containerd.importImage("docker.io/library/test:1", manifest: manifest)
                var subjects: [RuntimeEvent.Subject] = []
                for try await event in events {
                    subjects.append(event.subject)
                    if event.subject == .imageCreated("docker.io/library/test:1") { break }
                }
                #expect(subjects.contains(.imageCreated("docker.io/library/test:1")))
                let image = try #require(try await client.images(in: "default").first)
                #expect(image.digest == digest && image.size == Int64(manifest.count))
                #expect(image.reference?.description == "docker.io/library/test:1")
                #expect(try await client.image("docker.io/library/test:1", in: "default") == image)
                #expect(try await client.image("docker.io/library/none:1", in: "default") == nil)
            }
        }
    }

    @Test("loses the stream of events when containerd is killed, and connects again once it runs")
    func killed() async throws {
        try await RealContainerd.with { containerd in
            let (streams, tell) = AsyncStream<Void>.makeStream()
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await #expect(throws: (any Error).self) {
                        try await ContainerdClient.withConnection(to: containerd.socket) { client in
                            let events = try await client.events(in: ["default"])
                            tell.yield()
                            for try await _ in events {}
                        }
                    }
                    tell.finish()
                }
                for await _ in streams {
                    _ = try? await containerd.ctr("version")
                    containerd.kill()
                }
            }
            await #expect(throws: ContainerdError.self) {
                try await ContainerdClient.withConnection(to: containerd.socket) { _ in }
            }
            try await containerd.running {
                let version = try await ContainerdClient.withConnection(to: containerd.socket) {
                    try await $0.version()
                }
                #expect(!version.isEmpty)
            }
        }
    }
}
