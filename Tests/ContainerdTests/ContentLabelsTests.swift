import Containerd
import OCI
import Testing

@Suite("containerd's labels of a blob")
struct ContentLabelsTests {
    private static let digest = "sha256:" + String(repeating: "ab", count: 32)
    private static let other = "sha256:" + String(repeating: "cd", count: 32)

    @Test(
        "name its children, however the label goes on",
        arguments: [
            "containerd.io/gc.ref.content", "containerd.io/gc.ref.content.0", "containerd.io/gc.ref.content.config",
            "containerd.io/gc.ref.content.l.3", "containerd.io/gc.ref.content/some",
        ])
    func references(label: String) throws {
        #expect(ContentLabels([label: Self.digest]).references == [try Digest(Self.digest)])
    }

    @Test(
        "name no children in labels that only look like it",
        arguments: [
            "containerd.io/gc.ref.contents", "containerd.io/gc.ref.snapshot.overlayfs", "containerd.io/gc.root", "x",
        ])
    func otherLabels(label: String) {
        let labels = ContentLabels([label: Self.digest])
        #expect(labels.references.isEmpty && labels.unreadable.isEmpty)
    }

    @Test("name each child once, in the order of the labels")
    func order() throws {
        let labels = ContentLabels([
            "containerd.io/gc.ref.content.1": Self.digest, "containerd.io/gc.ref.content.0": Self.other,
            "containerd.io/gc.ref.content.2": Self.other,
        ])
        #expect(labels.references == [try Digest(Self.other), try Digest(Self.digest)])
    }

    @Test("name where a blob was pulled from, one repository or several")
    func origins() throws {
        let labels = ContentLabels([
            "containerd.io/distribution.source.docker.io": "library/nginx,someone/nginx",
            "containerd.io/distribution.source.registry.example:5000": "app",
        ])
        #expect(
            labels.origins == [
                try Origin("docker.io/library/nginx"), try Origin("docker.io/someone/nginx"),
                try Origin("registry.example:5000/app"),
            ])
    }

    @Test(
        "that make no sense are left out, and told",
        arguments: [
            ["containerd.io/gc.ref.content.0": "md5:abc"], ["containerd.io/gc.ref.content.0": ""],
            ["containerd.io/distribution.source.": "library/nginx"],
            ["containerd.io/distribution.source.docker.io": "../../etc"],
            ["containerd.io/distribution.source.docker.io": String(repeating: "a", count: 100_000)],
        ])
    func hostile(labels: [String: String]) {
        let labels = ContentLabels(labels)
        #expect(labels.references.isEmpty && labels.origins.isEmpty)
        #expect(labels.unreadable.count == 1 && labels.unreadable[0].utf8.count < 1000)
    }

    @Test("of an imported image name no origin, and that is fine")
    func imported() {
        #expect(ContentLabels([:]) == ContentLabels(["org.example": "x"]))
    }
}

@Suite("containerd's images")
struct RuntimeImageTests {
    private func image(_ name: String) throws -> RuntimeImage {
        RuntimeImage(
            namespace: "default", name: name, digest: try Digest("sha256:" + String(repeating: "ab", count: 32)),
            mediaType: .ociManifest, size: 1, createdAt: 0, updatedAt: 0)
    }

    @Test(
        "have the reference that their name means",
        arguments: zip(
            ["docker.io/library/nginx:1.25", "nginx", "registry.example:5000/a/b:c"],
            ["docker.io/library/nginx:1.25", "docker.io/library/nginx:latest", "registry.example:5000/a/b:c"]))
    func reference(name: String, meaning: String) throws {
        #expect(try image(name).reference?.description == meaning)
    }

    @Test("whose name is no reference have none", arguments: ["sha256:abc def", "", "UPPER/Case", "import-2024@x"])
    func noReference(name: String) throws {
        #expect(try image(name).reference == nil)
    }
}
