import Content
import Discovery
import OCI
import Testing

@testable import Agent

@Suite("The rule of trust")
struct SharePolicyTests {
    private func digest(_ byte: UInt8) throws -> Digest {
        try Digest(algorithm: .sha256, bytes: [UInt8](repeating: byte, count: 32))
    }

    private func image(_ byte: UInt8, _ origin: String, isPublic: Bool?) throws -> ImageRecord {
        let reference = try ImageReference(normalizing: origin)
        return try ImageRecord(
            reference: reference, origin: reference.origin, digest: digest(byte), mediaType: .ociManifest, size: 1,
            knownGood: 0, isPublic: isPublic, checkedAt: nil)
    }

    private func offered(_ policy: SharePolicy, _ images: [ImageRecord]) throws -> (blobs: [UInt8], tags: Int) {
        // Every image n has one layer n + 100; blob 200 belongs to no image.
        let blobs = try (images.flatMap { [$0.digest.bytes[0], $0.digest.bytes[0] + 100] } + [200]).map {
            BlobInfo(digest: try digest($0), size: 1)
        }
        let offer = policy.offer(images: images, blobs: blobs) { parent in
            parent.bytes[0] < 100 ? [try? digest(parent.bytes[0] + 100)].compactMap(\.self) : []
        }
        return (offer.blobs.map { $0.digest.bytes[0] }.sorted(), offer.references.count)
    }

    @Test("without a key offers public content by digest, and nothing else")
    func withoutKey() throws {
        let policy = SharePolicy(hasKey: false, include: [], exclude: [])
        let images = try [
            image(1, "docker.io/library/a:1", isPublic: true), image(2, "docker.io/library/b:1", isPublic: false),
            image(3, "docker.io/library/c:1", isPublic: nil),
        ]
        let result = try offered(policy, images)
        #expect(result.blobs == [1, 101])
        #expect(result.tags == 0)
    }

    @Test("without a key offers what share.include names although it is private")
    func withoutKeyNamed() throws {
        let policy = try SharePolicy(
            hasKey: false, include: [#require(SharePattern(text: "ghcr.io/acme/*"))], exclude: [])
        let images = try [
            image(1, "ghcr.io/acme/app:1", isPublic: false), image(2, "ghcr.io/other/app:1", isPublic: false),
        ]
        #expect(try offered(policy, images).blobs == [1, 101])
    }

    @Test("with a key offers everything, tags too")
    func withKey() throws {
        let policy = SharePolicy(hasKey: true, include: [], exclude: [])
        let images = try [
            image(1, "docker.io/library/a:1", isPublic: true), image(2, "docker.io/library/b:1", isPublic: false),
        ]
        let result = try offered(policy, images)
        #expect(result.blobs == [1, 2, 101, 102, 200])
        #expect(result.tags == 2)
    }

    @Test("with a key leaves out what share.exclude names")
    func excluded() throws {
        let policy = try SharePolicy(
            hasKey: true, include: [], exclude: [#require(SharePattern(text: "docker.io/library/b"))])
        let images = try [
            image(1, "docker.io/library/a:1", isPublic: true), image(2, "docker.io/library/b:1", isPublic: true),
        ]
        #expect(try offered(policy, images).blobs == [1, 101, 200])
    }

    @Test("a blob of a shared and an unshared image is shared")
    func sharedBlob() throws {
        let policy = SharePolicy(hasKey: false, include: [], exclude: [])
        let images = try [
            image(1, "docker.io/library/a:1", isPublic: true), image(2, "docker.io/library/b:1", isPublic: false),
        ]
        let layer = BlobInfo(digest: try digest(50), size: 1)
        let offer = policy.offer(images: images, blobs: [layer]) { _ in [layer.digest] }
        #expect(offer.blobs.map(\.digest) == [layer.digest])
    }
}
