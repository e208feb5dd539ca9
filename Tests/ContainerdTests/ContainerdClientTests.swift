import Containerd
import Integrity
import OCI
import SystemPackage
import Testing

@Suite("The client of a real containerd", .serialized, .needsContainerd)
struct ContainerdClientTests {
    private static let layer = [UInt8](repeating: 7, count: 3_000_000)
    private static let digest = ContentHasher.digest(of: layer)

    @Test("asks for its version, its content's folder and its namespaces")
    func itself() async throws {
        try await RealContainerd.with { containerd in
            try await containerd.ingest([1], in: "k8s.io")
            let (version, root, namespaces) = try await ContainerdClient.withConnection(to: containerd.socket) {
                (try await $0.version(), try await $0.contentRoot(), try await $0.namespaces())
            }
            #expect(version.contains("."))
            #expect(root == containerd.contentRoot)
            #expect(namespaces.contains("k8s.io"))
        }
    }

    @Test("lists committed content with what its labels say, and looks at one blob")
    func content() async throws {
        try await RealContainerd.with { containerd in
            let child = ContentHasher.digest(of: [2])
            try await containerd.ingest(
                Self.layer,
                labels: [
                    "containerd.io/gc.ref.content.0=\(child)", "containerd.io/gc.root=1",
                    "containerd.io/distribution.source.docker.io=library/nginx",
                ])
            try await ContainerdClient.withConnection(to: containerd.socket) { client in
                let contents = try await client.contents(in: "default")
                let content = try #require(contents.first)
                #expect(contents.count == 1 && content.digest == Self.digest && content.size == 3_000_000)
                #expect(content.createdAt > 1_600_000_000)
                #expect(content.updatedAt >= content.createdAt)
                #expect(content.references == [child])
                #expect(content.origins == [try Origin("docker.io/library/nginx")])
                var looked = try #require(await client.content(Self.digest, in: "default"))
                // containerd 1.6 loses the time of change in one of the two answers, which shows where that was another second.
                #expect(looked.updatedAt >= looked.createdAt)
                looked.updatedAt = content.updatedAt
                #expect(looked == content)
                #expect(try await client.content(child, in: "default") == nil)
                #expect(try await client.content(Self.digest, in: "elsewhere") == nil)
            }
        }
    }

    @Test("reads the bytes of a blob, as many as there are")
    func read() async throws {
        try await RealContainerd.with { containerd in
            try await containerd.ingest(Self.layer, labels: ["containerd.io/gc.root=1"])
            try await ContainerdClient.withConnection(to: containerd.socket) { client in
                let middle = try await client.read(Self.digest, in: "default", at: 1_000_000, count: 1_500_000)
                #expect(middle == Array(Self.layer[1_000_000..<2_500_000]))
                let end = try await client.read(Self.digest, in: "default", at: 2_999_999, count: 100)
                #expect(end == [7])
                let nothing = try await client.read(Self.digest, in: "default", at: 0, count: 0)
                #expect(nothing.isEmpty)
                let error = await #expect(throws: ContainerdError.self) {
                    try await client.read(ContentHasher.digest(of: [2]), in: "default", at: 0, count: 1)
                }
                #expect(error?.code == .notFound)
            }
        }
    }

    @Test("tells of images as they come, change and go, in the namespaces asked for, and lists them")
    func images() async throws {
        try await RealContainerd.with { containerd in
            let name = "docker.io/library/test:1"
            let (first, second) = (TinyImage("a"), TinyImage("b"))
            try await ContainerdClient.withConnection(to: containerd.socket) { client in
                let events = try await client.events(in: ["default"])
                try await containerd.ingest([1], in: "elsewhere")
                try await containerd.importImage(first, as: name)
                let image = try #require(try await client.images(in: "default").first)
                #expect(image.digest == first.digest && image.size == Int64(first.manifest.count))
                #expect(image.mediaType == .ociManifest && image.reference?.description == name)
                #expect(try await client.image(name, in: "default") == image)
                #expect(try await client.image("docker.io/library/none:1", in: "default") == nil)
                #expect(try await client.content(first.digest, in: "default")?.references == [first.configDigest])

                try await containerd.importImage(second, as: name)
                #expect(try await client.image(name, in: "default")?.digest == second.digest)
                try await containerd.ctr("images", "rm", "--sync", name)
                #expect(try await client.image(name, in: "default") == nil)
                #expect(try await client.content(second.digest, in: "default") == nil)

                var told: [RuntimeEvent.Subject] = []
                for try await event in events {
                    #expect(event.namespace == "default")
                    if case .contentDeleted = event.subject { continue }
                    told.append(event.subject)
                    if event.subject == .imageDeleted(name) { break }
                }
                #expect(
                    told.filter { $0 != .namespaceChanged("default") } == [
                        .imageCreated(name), .imageUpdated(name), .imageDeleted(name),
                    ])
            }
        }
    }

    @Test("loses its stream of events and its calls at once when containerd is killed, and connects again once it runs")
    func killed() async throws {
        try await RealContainerd.with { containerd in
            try await ContainerdClient.withConnection(to: containerd.socket) { client in
                let events = try await client.events(in: [])
                containerd.kill()
                await #expect(throws: ContainerdError.self) { for try await _ in events {} }
                let start = ContinuousClock.now
                let error = await #expect(throws: ContainerdError.self) { try await client.namespaces() }
                #expect(error?.code == .unreachable)
                #expect(.now - start < .seconds(2))
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
