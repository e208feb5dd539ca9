import OCI
import SwiftProtobuf
import Testing

@testable import Containerd

@Suite("Listing a namespace")
struct ListingTests {
    private static func digest(_ number: Int) -> String {
        let hex = String(number, radix: 16)
        return "sha256:" + String(repeating: "0", count: 64 - hex.utf8.count) + hex
    }

    /// As `ctr images pull` leaves a blob.
    private static func blob(_ number: Int) -> WireContentInfo {
        .with {
            $0.digest = digest(number)
            $0.size = Int64(number)
            $0.createdAt.seconds = 1_700_000_000
            $0.labels = [
                "containerd.io/distribution.source.docker.io": "library/nginx",
                "containerd.io/gc.ref.content.config": digest(number + 1),
                "containerd.io/gc.ref.content.l.0": digest(number + 2),
                "containerd.io/uncompressed": digest(number),
            ]
        }
    }

    private static func named(_ name: String, _ number: Int) -> WireImage {
        .with {
            $0.name = name
            $0.target.digest = digest(number)
            $0.target.mediaType = "application/vnd.oci.image.manifest.v1+json"
        }
    }

    @Test("with 500 images and 5,000 blobs is a matter of a second")
    func size() async throws {
        var fake = FakeContainerd()
        // containerd sends a hundred at a time.
        fake.contents["k8s.io"] = (0..<50).map { page in
            .with { $0.info = (0..<100).map { Self.blob(page * 100 + $0) } }
        }
        fake.images["k8s.io"] = (0..<500).map { Self.named("docker.io/library/app-\($0):1", $0) }
        try await fake.serve { socket in
            let (contents, images, time) = try await ContainerdClient.withConnection(to: socket) { client in
                let start = ContinuousClock.now
                let contents = try await client.contents(in: "k8s.io")
                let images = try await client.images(in: "k8s.io")
                return (contents, images, .now - start)
            }
            print("  measured: listing 500 images and 5,000 blobs: \(time)")
            #expect(contents.count == 5000 && contents.allSatisfy { $0.references.count == 2 })
            #expect(images.count == 500 && images.allSatisfy { $0.reference != nil })
            #if !DEBUG  // A build without optimisation is many times slower.
                #expect(time < .seconds(1))
            #endif
        }
    }

    @Test("takes answers of more than gRPC's usual four megabytes")
    func largeAnswer() async throws {
        var fake = FakeContainerd()
        let path = String(repeating: "a", count: 10_000)
        fake.images["default"] = (0..<500).map { Self.named("\(path)/\($0)", $0) }
        try await fake.serve { socket in
            let images = try await ContainerdClient.withConnection(to: socket) { try await $0.images(in: "default") }
            #expect(images.count == 500)
        }
    }

    @Test("of a name that is not there finds nothing")
    func unknownNamespace() async throws {
        var fake = FakeContainerd()
        fake.contents["default"] = [.with { $0.info = [Self.blob(1)] }]
        let digest = try Digest(Self.digest(1))
        try await fake.serve { socket in
            let (contents, here, elsewhere) = try await ContainerdClient.withConnection(to: socket) { client in
                let contents = try await client.contents(in: "elsewhere")
                let here = try await client.content(digest, in: "default")
                return (contents, here, try await client.content(digest, in: "elsewhere"))
            }
            #expect(contents.isEmpty && here?.digest == digest && elsewhere == nil)
        }
    }
}
