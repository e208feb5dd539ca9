import Containerd
import OCI
import Testing

@Suite("Labels and names of another's making")
struct OddLabelsTests {
    private static let digest = "sha256:" + String(repeating: "ab", count: 32)

    @Test("a repository that is none leaves those beside it")
    func oneBadRepository() throws {
        let labels = ContentLabels(["containerd.io/distribution.source.ghcr.io": "owner/app,..,,owner/other"])
        #expect(labels.origins == [try Origin("ghcr.io/owner/app"), try Origin("ghcr.io/owner/other")])
        #expect(labels.unreadable.count == 1)
    }

    @Test("more labels than any image has are not read, and that is told")
    func tooMany() {
        let many = (0..<3000).map { ("containerd.io/gc.ref.content.m.\($0)", Self.digest) }
        let labels = ContentLabels(Dictionary(uniqueKeysWithValues: many))
        #expect(labels.references.isEmpty)
        #expect(labels.unreadable.count == 1)
    }

    @Test("an index of a thousand manifests is read whole")
    func largeIndex() throws {
        let many = (0..<1000).map { number in
            let hex = String(number, radix: 16)
            return (
                "containerd.io/gc.ref.content.m.\(number)",
                "sha256:" + String(repeating: "0", count: 64 - hex.count) + hex
            )
        }
        #expect(ContentLabels(Dictionary(uniqueKeysWithValues: many)).references.count == 1000)
    }

    @Test("what cannot be read is told of a few")
    func complaints() {
        let many = (0..<100).map { ("containerd.io/gc.ref.content.\($0)", "no digest") }
        #expect(ContentLabels(Dictionary(uniqueKeysWithValues: many)).unreadable.count == 8)
    }

    @Test("the name that the CRI gives an image by its id is no reference")
    func imageID() throws {
        let image = RuntimeImage(
            namespace: "k8s.io", name: Self.digest, digest: try Digest(Self.digest), mediaType: .ociManifest, size: 1,
            createdAt: 0, updatedAt: 0)
        #expect(image.reference == nil)
    }
}
