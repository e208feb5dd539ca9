import OCI
import Testing

@testable import Content

@Suite("What is known of containerd's content")
struct RuntimeStateTests {
    private let manifest = digestOf(Array("manifest".utf8))
    private let layer = digestOf(Array("layer".utf8))
    private let other = digestOf(Array("other".utf8))

    private func content(_ size: Int64 = 10, children: [Digest] = [], origins: [Origin] = []) -> ListedContent {
        ListedContent(size: size, created: 1, children: children, origins: origins)
    }

    private func image(_ name: String?, _ digest: Digest, updated: Int64 = 1) throws -> ListedImage {
        ListedImage(
            reference: try name.map { try ImageReference(normalizing: $0) }, digest: digest, mediaType: .ociManifest,
            size: 10, updated: updated)
    }

    /// An image `app:1` with one layer, in a namespace.
    private func listing() throws -> NamespaceListing {
        NamespaceListing(
            images: ["docker.io/library/app:1": try image("app:1", manifest)],
            contents: [manifest: content(children: [layer]), layer: content()])
    }

    private func state(_ listings: [String: NamespaceListing]) -> RuntimeState {
        var state = RuntimeState()
        _ = state.apply(RuntimeUpdate(namespaces: Set(listings.keys), listings: listings)) { _, _ in false }
        return state
    }

    private func file(_ size: Int64, inode: UInt64 = 1) -> BlobFile {
        .there(FileIdentity(device: 1, inode: inode, size: size, modified: 5))
    }

    @Test("The first listing tells of blobs, then of images")
    func first() throws {
        var state = RuntimeState()
        let news = state.apply(RuntimeUpdate(namespaces: ["a"], listings: ["a": try listing()])) { _, _ in false }
        #expect(
            Set(news.changes) == [
                .added(BlobInfo(digest: manifest, size: 10)), .added(BlobInfo(digest: layer, size: 10)), .images,
            ])
        #expect(news.changes.last == .images)
        #expect(state.offeredCount == 2)
    }

    @Test("The same listing again is no news")
    func again() throws {
        var state = state(["a": try listing()])
        let news = state.apply(RuntimeUpdate(namespaces: ["a"], listings: ["a": try listing()])) { _, _ in false }
        #expect(news.changes.isEmpty && news.released.isEmpty)
    }

    @Test("A blob has gone when the last namespace has let it go")
    func union() throws {
        var state = state(["a": try listing(), "b": try listing()])
        var news = state.apply(RuntimeUpdate(namespaces: ["b"], listings: ["b": try listing()])) { _, _ in false }
        #expect(!news.changes.contains(.removed(layer)))
        news = state.apply(RuntimeUpdate(namespaces: [])) { _, _ in false }
        #expect(Set(news.changes) == [.removed(layer), .removed(manifest), .images])
        #expect(state.offeredCount == 0)
    }

    @Test("An image that is removed releases what only it needed")
    func released() throws {
        var two = try listing()
        two.images["docker.io/library/other:1"] = try image("other:1", other)
        two.contents[other] = content(children: [layer])
        var state = state(["a": two])
        let name = RuntimeImageName(namespace: "a", name: "docker.io/library/app:1")
        let news = state.apply(RuntimeUpdate(images: [name: nil])) { _, _ in false }
        #expect(news.released == [manifest])
        #expect(news.changes == [.images])
        #expect(state.isKept(layer) && !state.isKept(manifest))
    }

    @Test("A name that moves releases what it named before")
    func moved() throws {
        var state = state(["a": try listing()])
        let name = RuntimeImageName(namespace: "a", name: "docker.io/library/app:1")
        let news = state.apply(
            RuntimeUpdate(images: [name: try image("app:1", other)], contents: ["a": [other: content()]])
        ) { _, _ in false }
        #expect(news.released == [manifest, layer])
        #expect(state.images().map(\.digest) == [other])
    }

    @Test("A blob is kept by an image over labels, in its own namespace only")
    func kept() throws {
        let state = state([
            "a": try listing(), "b": NamespaceListing(contents: [other: content(children: [layer])]),
        ])
        #expect(state.isKept(layer) && state.isKept(manifest))
        #expect(!state.isKept(other))
        #expect(state.names(of: layer) == [RuntimeImageName(namespace: "a", name: "docker.io/library/app:1")])
    }

    @Test("A blob's parents are what names it, in any namespace, and not what names those")
    func parents() throws {
        let state = state([
            "a": try listing(),
            "b": NamespaceListing(contents: [other: content(children: [layer, manifest]), layer: content()]),
        ])
        #expect(state.parents(of: layer) == [manifest, other])
        #expect(state.parents(of: manifest) == [other])
        #expect(state.parents(of: other).isEmpty)
    }

    @Test("Labels that lead in a circle end")
    func circle() {
        let state = state([
            "a": NamespaceListing(contents: [
                manifest: content(children: [layer]), layer: content(children: [manifest, layer]),
            ])
        ])
        #expect(!state.isKept(layer))
        #expect(state.names(of: layer).isEmpty)
    }

    @Test("A namespace appears with its first event")
    func appears() throws {
        var state = state(["a": try listing()])
        let name = RuntimeImageName(namespace: "new", name: "docker.io/library/other:1")
        _ = state.apply(
            RuntimeUpdate(images: [name: try image("other:1", other)], contents: ["new": [other: content()]])
        ) { _, _ in false }
        #expect(
            state.images().map(\.reference?.description) == ["docker.io/library/app:1", "docker.io/library/other:1"])
    }

    @Test("Images are told once their manifests are offered")
    func manifestFirst() throws {
        var early = try listing()
        early.contents[manifest] = nil
        var state = state(["a": early])
        #expect(state.images().isEmpty)
        let news = state.apply(RuntimeUpdate(contents: ["a": [manifest: content(children: [layer])]])) { _, _ in false }
        #expect(news.changes == [.added(BlobInfo(digest: manifest, size: 10)), .images])
        #expect(state.images().count == 1)
    }

    @Test("A name that is no reference is told of where the manifest has no other")
    func unnamed() throws {
        var both = try listing()
        both.images["\(layer)"] = try image(nil, manifest)
        #expect(state(["a": both]).images().map(\.reference?.description) == ["docker.io/library/app:1"])
        both.images["docker.io/library/app:1"] = nil
        both.contents[manifest]?.origins = [try Origin("registry.example.com/app")]
        let records = state(["a": both]).images()
        #expect(records.map(\.reference) == [nil])
        #expect(records.map(\.origin?.description) == ["registry.example.com/app"])
    }

    @Test("A name in two namespaces means what the later one says")
    func twoNamespaces() throws {
        var late = try listing()
        late.images["docker.io/library/app:1"] = try image("app:1", layer, updated: 2)
        let state = state(["a": try listing(), "b": late])
        #expect(state.images().map(\.digest) == [layer])
        #expect(state.image(for: try ImageReference(normalizing: "app:1"))?.digest == layer)
    }

    @Test("A digest in a name decides, within its repository")
    func byDigest() throws {
        let state = state(["a": try listing()])
        #expect(state.image(for: try ImageReference(normalizing: "app@\(manifest)"))?.digest == manifest)
        #expect(state.image(for: try ImageReference(normalizing: "app:9@\(manifest)"))?.digest == manifest)
        #expect(state.image(for: try ImageReference(normalizing: "elsewhere@\(manifest)")) == nil)
        #expect(state.image(for: try ImageReference(normalizing: "app:9")) == nil)
    }

    @Test("A file of another size is damage, and no image of it is told")
    func resized() throws {
        var state = state(["a": try listing()])
        let news = state.apply(RuntimeUpdate(files: [manifest: file(9)])) { _, _ in false }
        #expect(news.changes == [.removed(manifest), .images])
        #expect(news.damaged[manifest]?.reason.contains("9 bytes instead of 10") == true)
        #expect(state.images().isEmpty && state.images(of: manifest).isEmpty)
        #expect(state.apply(RuntimeUpdate(files: [manifest: file(9)])) { _, _ in false }.damaged.isEmpty)
    }

    @Test("A withdrawn blob comes back with another file, and with no other news")
    func withdrawn() throws {
        var state = state(["a": try listing()])
        _ = state.apply(RuntimeUpdate(files: [layer: file(10)])) { _, _ in false }
        #expect(state.withdraw(layer, because: "it is wrong").changes == [.removed(layer)])
        #expect(!state.isKept(layer))
        #expect(state.withdraw(layer, because: "it is wrong").changes.isEmpty)
        #expect(state.apply(RuntimeUpdate(files: [layer: file(10)])) { _, _ in false }.changes.isEmpty)
        let news = state.apply(RuntimeUpdate(files: [layer: file(10, inode: 2)])) { _, _ in false }
        #expect(news.changes == [.added(BlobInfo(digest: layer, size: 10))])
    }

    @Test("A blob whose file is doubtful is held back until it is not")
    func doubtful() throws {
        var state = RuntimeState()
        let news = state.apply(RuntimeUpdate(namespaces: ["a"], listings: ["a": try listing()])) { digest, _ in
            digest == layer
        }
        #expect(!news.changes.contains(.added(BlobInfo(digest: layer, size: 10))))
        #expect(state.blobs[layer]?.standing == .heldBack)
        #expect(state.judge(layer) { _, _ in false }.changes == [.added(BlobInfo(digest: layer, size: 10))])
    }

    @Test("A missing file is not offered, and neither is it damage")
    func missing() throws {
        var state = state(["a": try listing()])
        #expect(state.apply(RuntimeUpdate(files: [layer: .missing])) { _, _ in false }.changes == [.removed(layer)])
        #expect(state.damage.isEmpty)
        #expect(
            state.apply(RuntimeUpdate(files: [layer: file(10)])) { _, _ in false }.changes
                == [.added(BlobInfo(digest: layer, size: 10))])
    }

    @Test("Labels that come later are news: they decide what is shared")
    func labels() throws {
        var state = state(["a": try listing()])
        let origin = try Origin("registry.example.com/app")
        let news = state.apply(RuntimeUpdate(contents: ["a": [layer: content(origins: [origin])]])) { _, _ in false }
        #expect(news.changes == [.images])
        #expect(state.origins(of: layer) == [origin])
    }

    @Test("Forgetting tells of all that was offered")
    func forgotten() throws {
        var state = state(["a": try listing()])
        #expect(Set(state.forget().changes) == [.removed(layer), .removed(manifest), .images])
        #expect(state.blobs.isEmpty && state.offeredCount == 0 && state.images().isEmpty)
    }
}
