import Containerd
import FoundationEssentials
import Integrity
import OCI
import Testing

/// Bringing an image in, as `shoal pull` does, into a real containerd.
@Suite("Writing into a real containerd", .serialized, .needsContainerd)
struct WritingTests {
    private static let expiry: Int64 = 4_000_000_000
    private static let bytes = (0..<2_500_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
    private static let digest = ContentHasher.digest(of: bytes)

    private static func lease(_ namespace: String = "default") -> RuntimeLease {
        RuntimeLease(id: "test-\(UInt64.random(in: 0...(.max)))", namespace: namespace)
    }

    /// Writes bytes as a blob, a portion at a time.
    private static func write(
        _ bytes: [UInt8], labels: [String: String] = [:], under lease: RuntimeLease, to client: ContainerdClient
    ) async throws -> BlobWriting {
        try await client.write(
            ContentHasher.digest(of: bytes), size: Int64(bytes.count), labels: labels, under: lease
        ) { offset in
            Array(bytes[Int(offset)..<min(bytes.count, Int(offset + ContainerdClient.portion))])
        }
    }

    @Test("a blob is written with its labels; the second time it is there; another namespace shares its bytes")
    func write() async throws {
        try await RealContainerd.with { containerd in
            try await ContainerdClient.withConnection(to: containerd.socket) { client in
                let (lease, other) = (Self.lease(), Self.lease("k8s.io"))
                for lease in [lease, other] { try await client.createLease(lease, expiry: Self.expiry) }
                let labels = ["containerd.io/distribution.source.docker.io": "library/nginx"]
                #expect(try await Self.write(Self.bytes, labels: labels, under: lease, to: client) == .written)
                let content = try #require(try await client.content(Self.digest, in: "default"))
                #expect(content.size == 2_500_000)
                #expect(content.origins == [try Origin("docker.io/library/nginx")])

                #expect(try await Self.write(Self.bytes, under: lease, to: client) == .present)
                #expect(try await client.content(Self.digest, in: "k8s.io") == nil)
                let shared = try await client.write(
                    Self.digest, size: 2_500_000, labels: labels, under: other
                ) { _ in
                    Issue.record("bytes that containerd has are asked for")
                    return []
                }
                #expect(shared == .shared)
                #expect(try await client.content(Self.digest, in: "k8s.io")?.origins == content.origins)
            }
        }
    }

    @Test("an empty blob is a blob")
    func empty() async throws {
        try await RealContainerd.with { containerd in
            try await ContainerdClient.withConnection(to: containerd.socket) { client in
                let lease = Self.lease()
                try await client.createLease(lease, expiry: Self.expiry)
                #expect(try await Self.write([], under: lease, to: client) == .written)
                #expect(try await client.content(ContentHasher.digest(of: []), in: "default")?.size == 0)
            }
        }
    }

    @Test("wrong bytes are not taken, and nothing of them is to be seen")
    func wrongBytes() async throws {
        try await RealContainerd.with { containerd in
            try await ContainerdClient.withConnection(to: containerd.socket) { client in
                let lease = Self.lease()
                try await client.createLease(lease, expiry: Self.expiry)
                let error = await #expect(throws: ContainerdError.self) {
                    try await client.write(Self.digest, size: 10, labels: [:], under: lease) { _ in
                        [UInt8](repeating: 1, count: 10)
                    }
                }
                #expect(error?.message.contains("\(Self.digest)") == true)
                #expect(try await client.contents(in: "default").isEmpty)
            }
        }
    }

    @Test("whoever cannot give the bytes is told his own reason")
    func noBytes() async throws {
        struct Gone: Error {}
        try await RealContainerd.with { containerd in
            try await ContainerdClient.withConnection(to: containerd.socket) { client in
                let lease = Self.lease()
                try await client.createLease(lease, expiry: Self.expiry)
                await #expect(throws: Gone.self) {
                    try await client.write(Self.digest, size: 2_500_000, labels: [:], under: lease) { offset in
                        guard offset == 0 else { throw Gone() }
                        return Array(Self.bytes[..<1_000_000])
                    }
                }
                #expect(try await client.contents(in: "default").isEmpty)
                // Another try under the same lease begins anew.
                #expect(try await Self.write(Self.bytes, under: lease, to: client) == .written)
            }
        }
    }

    @Test("what a lease has kept goes with it, unless an image leads there")
    func lease() async throws {
        try await RealContainerd.with { containerd in
            try await ContainerdClient.withConnection(to: containerd.socket) { client in
                let image = TinyImage("a")
                let (first, second) = (Self.lease(), Self.lease())
                for lease in [first, second] { try await client.createLease(lease, expiry: Self.expiry) }
                _ = try await Self.write(Self.bytes, under: first, to: client)
                _ = try await Self.write(image.config, under: second, to: client)
                let labels = ["containerd.io/gc.ref.content.config": image.configDigest.description]
                _ = try await Self.write(image.manifest, labels: labels, under: second, to: client)
                let target = Descriptor(
                    mediaType: .ociManifest, digest: image.digest, size: Int64(image.manifest.count))
                try await client.name(target, "docker.io/library/a:1", labels: ["a": "b"], under: second)
                // Somebody else's lease keeps it, too.
                #expect(try await client.hold(Self.digest, under: second) != nil)
                #expect(try await client.hold(ContentHasher.digest(of: [9]), under: second) == nil)
                try await client.deleteLease(first, sync: true)
                #expect(try await client.content(Self.digest, in: "default") != nil)
                try await client.deleteLease(second, sync: true)
                #expect(try await client.content(Self.digest, in: "default") == nil)
                #expect(try await client.content(image.configDigest, in: "default") != nil)
                #expect(try await client.image("docker.io/library/a:1", in: "default")?.digest == image.digest)
                try await client.deleteLease(second, sync: false)
            }
        }
    }

    @Test("a name that meant something else means the new image")
    func rename() async throws {
        try await RealContainerd.with { containerd in
            try await ContainerdClient.withConnection(to: containerd.socket) { client in
                let lease = Self.lease()
                try await client.createLease(lease, expiry: Self.expiry)
                for image in [TinyImage("a"), TinyImage("b")] {
                    _ = try await Self.write(image.manifest, under: lease, to: client)
                    let target = Descriptor(
                        mediaType: .ociManifest, digest: image.digest, size: Int64(image.manifest.count))
                    try await client.name(target, "docker.io/library/a:1", labels: ["x": "y"], under: lease)
                    #expect(try await client.image("docker.io/library/a:1", in: "default")?.digest == image.digest)
                }
            }
        }
    }

    @Test("a layer is unpacked into a snapshot, once, and the digest of what it is without compression is told")
    func unpack() async throws {
        try await RealContainerd.with { containerd in
            try await ContainerdClient.withConnection(to: containerd.socket) { client in
                let snapshotters = try await client.snapshotters()
                #expect(snapshotters.contains("native"))
                #expect(!snapshotters.contains("zfs"))
                #expect(try await client.defaultSnapshotter(of: "default") == nil)
                let lease = Self.lease()
                try await client.createLease(lease, expiry: Self.expiry)
                let layer = Archive.tar([("file", Array("hello".utf8))])
                let digest = ContentHasher.digest(of: layer)
                _ = try await Self.write(layer, under: lease, to: client)
                #expect(try await !client.hold(snapshot: digest, of: "native", under: lease))
                let mounts = try #require(
                    try await client.prepareSnapshot("extract-1", over: nil, for: digest, of: "native", under: lease))
                let descriptor = Descriptor(mediaType: .ociLayer, digest: digest, size: Int64(layer.count))
                #expect(try await client.apply(descriptor, onto: mounts, under: lease) == digest)
                // Somebody else does the same meanwhile.
                let others = try await client.prepareSnapshot(
                    "extract-2", over: nil, for: digest, of: "native", under: lease)
                try await client.commitSnapshot("extract-1", as: digest, of: "native", under: lease)
                if let others {
                    _ = try await client.apply(descriptor, onto: others, under: lease)
                    try await client.commitSnapshot("extract-2", as: digest, of: "native", under: lease)
                }
                #expect(try await client.hold(snapshot: digest, of: "native", under: lease))
                try await client.deleteLease(lease, sync: true)
            }
        }
    }

    @Test("a containerd that is killed in the middle of a write ends it at once")
    func killed() async throws {
        try await RealContainerd.with { containerd in
            try await ContainerdClient.withConnection(to: containerd.socket) { client in
                let lease = Self.lease()
                try await client.createLease(lease, expiry: Self.expiry)
                let error = await #expect(throws: ContainerdError.self) {
                    try await client.write(Self.digest, size: 2_500_000, labels: [:], under: lease) { offset in
                        if offset > 0 { containerd.kill() }
                        return Array(Self.bytes[Int(offset)..<Int(offset) + 500_000])
                    }
                }
                #expect(error?.code == .unreachable)
            }
        }
    }
}
