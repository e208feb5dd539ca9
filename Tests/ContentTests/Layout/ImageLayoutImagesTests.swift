import Content
import OCI
import SystemPackage
import Testing

@Suite("The images of a layout", .timeLimit(.minutes(2)))
struct ImageLayoutImagesTests {
    private static let shared = bytes(2_000, seed: 1)

    private func image(_ name: String) throws -> TestImage {
        try TestImage(name, layers: [Self.shared, bytes(1_000, seed: name.utf8.first ?? 0)])
    }

    @Test("On return a record is on disk")
    func durable() async throws {
        let scratch = try Scratch()
        let layout = try scratch.layout()
        let image = try image("a")
        try await image.put(into: layout)
        let record = try image.record("nginx:1.27", origin: "docker.io/library/nginx")
        try await layout.record(record)
        let reopened = try scratch.layout()
        #expect(reopened.images() == [record])
        #expect(reopened.image(for: try ImageReference(normalizing: "nginx:1.27")) == record)
    }

    @Test("Of many records at once none is lost")
    func concurrently() async throws {
        let scratch = try Scratch()
        let layout = try scratch.layout()
        let image = try image("a")
        try await image.put(into: layout)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<100 {
                group.addTask { try await layout.record(try image.record("nginx:\(number)")) }
            }
            try await group.waitForAll()
        }
        #expect(try scratch.layout().images().count == 100)
    }

    @Test("A manifest comes before its record")
    func manifestFirst() async throws {
        let scratch = try Scratch()
        let layout = try scratch.layout()
        let error = await #expect(throws: ContentError.self) { try await layout.record(try image("a").record("nginx")) }
        #expect(error?.code == .notFound)
        #expect(layout.images() == [])
    }

    @Test("A record that tells another size than the manifest has is refused")
    func otherSize() async throws {
        let scratch = try Scratch()
        let layout = try scratch.layout()
        let image = try image("a")
        try await image.put(into: layout)
        var record = try image.record("nginx")
        record.size += 1
        let error = await #expect(throws: ContentError.self) { try await layout.record(record) }
        #expect(error?.code == .sizeMismatch)
    }

    @Test("With a manifest its records go, from memory and from index.json, and everybody is told")
    func removal() async throws {
        let scratch = try Scratch()
        let layout = try scratch.layout()
        for name in ["a", "b"] {
            let image = try image(name)
            try await image.put(into: layout)
            try await layout.record(try image.record("\(name):1"))
        }
        let gone = try image("a").digest
        let changes = layout.changes()
        try layout.remove(gone)
        #expect(layout.images().map(\.digest) == [try image("b").digest])
        #expect(layout.children(of: gone) == [])
        #expect(
            try !String(decoding: scratch.read(scratch.store.appending("index.json")), as: UTF8.self).contains(gone.hex)
        )
        var seen: [StoreChange] = []
        for await change in changes {
            seen.append(change)
            if seen.count == 2 { break }
        }
        #expect(seen == [.removed(gone), .images])
    }

    @Test("A record that changes nothing tells nobody")
    func unchanged() async throws {
        let scratch = try Scratch()
        let layout = try scratch.layout()
        let image = try image("a")
        try await image.put(into: layout)
        try await layout.record(try image.record("nginx"))
        let changes = layout.changes()
        try await layout.record(try image.record("nginx"))
        try await layout.put([1], as: digestOf([1]))
        for await change in changes {
            #expect(change == .added(BlobInfo(digest: digestOf([1]), size: 1)))
            break
        }
    }

    @Test("The origins of a layer are all repositories whose manifests name it")
    func origins() async throws {
        let scratch = try Scratch()
        let layout = try scratch.layout()
        for (name, reference) in [("a", "nginx:1"), ("b", "ghcr.io/x/y:1")] {
            let image = try image(name)
            try await image.put(into: layout)
            try await layout.record(try image.record(reference))
        }
        let expected = ["docker.io/library/nginx", "ghcr.io/x/y"]
        #expect(layout.origins(of: digestOf(Self.shared)).map(\.description) == expected)
        #expect(layout.origins(of: digestOf(try image("a").layers[1])).map(\.description) == [expected[0]])
        #expect(layout.origins(of: try image("b").digest).map(\.description) == [expected[1]])
        #expect(layout.origins(of: digestOf([9])) == [])
        // A layer need not be held: the question is where to get it.
        try layout.remove(digestOf(Self.shared))
        #expect(layout.origins(of: digestOf(Self.shared)).map(\.description) == expected)
    }

    enum Order: CaseIterable { case manifestBeforeIndex, indexBeforeManifest }

    @Test("An index leads to the layers of its manifests, in whatever order they come", arguments: Order.allCases)
    func throughIndex(_ order: Order) async throws {
        let scratch = try Scratch()
        let layout = try scratch.layout()
        let image = try image("a")
        let index = try TestIndex([image.descriptor, try self.image("never held").descriptor])
        if order == .manifestBeforeIndex { try await image.put(into: layout) }
        try await layout.put(index.bytes, as: index.digest)
        try await layout.record(try index.record("nginx"))
        if order == .indexBeforeManifest { try await image.put(into: layout) }
        for layout in [layout, try scratch.layout()] {
            let absent = try self.image("never held").digest
            #expect(layout.children(of: index.digest) == [image.digest, absent])
            #expect(layout.children(of: image.digest) == [digestOf(image.config)] + image.layers.map { digestOf($0) })
            #expect(layout.origins(of: digestOf(image.layers[1])).map(\.description) == ["docker.io/library/nginx"])
        }
    }

    @Test("A manifest that came by way of the spool is understood too")
    func manifestFromSpool() async throws {
        let scratch = try Scratch()
        let layout = try scratch.layout()
        let image = try image("a")
        let index = try TestIndex([image.descriptor])
        try await layout.put(index.bytes, as: index.digest)
        try await layout.record(try index.record("nginx"))
        let file = try scratch.spool().create(image.digest)
        try file.write(image.manifest)
        _ = try await layout.commit(file, as: image.digest, size: Int64(image.manifest.count))
        #expect(layout.children(of: image.digest).count == 3)
    }

    @Test("A blob that only looks like a manifest is none: no record and no index calls it one")
    func lookalike() async throws {
        let scratch = try Scratch()
        let layout = try scratch.layout()
        let image = try image("a")
        try await image.put(into: layout)
        #expect(layout.children(of: image.digest) == [])
        #expect(layout.origins(of: digestOf(Self.shared)) == [])
    }

    @Test("A manifest that makes no sense is recorded, and names nothing")
    func nonsense() async throws {
        let scratch = try Scratch()
        let layout = try scratch.layout()
        let content = Array("no manifest".utf8)
        try await layout.put(content, as: digestOf(content))
        try await layout.record(
            ImageRecord(
                reference: try ImageReference(normalizing: "nginx"), origin: nil, digest: digestOf(content),
                mediaType: .ociManifest, size: Int64(content.count), knownGood: 1))
        #expect(layout.images().count == 1)
        #expect(layout.children(of: digestOf(content)) == [])
    }
}
