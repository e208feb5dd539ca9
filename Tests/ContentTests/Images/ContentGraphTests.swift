import OCI
import Testing

@testable import Content

@Suite("Which manifest names what")
struct ContentGraphTests {
    private static let layers = (0..<3).map { [UInt8(0x40 + $0)] }

    private func document(_ image: TestImage) throws -> ManifestDocument {
        try ManifestDocument(bytes: image.manifest, mediaType: image.mediaType)
    }

    @Test("A manifest's children are configuration and layers, each once")
    func children() throws {
        let layer = Self.layers[0]
        let image = try TestImage("a", layers: [layer, Self.layers[1], layer])
        var graph = ContentGraph()
        #expect(graph.learn(try document(image), as: image.digest))
        #expect(graph.children(of: image.digest) == [image.config, layer, Self.layers[1]].map { digestOf($0) })
        #expect(graph.children(of: digestOf(layer)) == [])
    }

    @Test("The ancestors of a layer are the manifests and indexes that lead to it, and itself")
    func ancestors() throws {
        let first = try TestImage("a", layers: [Self.layers[0], Self.layers[1]])
        let second = try TestImage("b", layers: [Self.layers[0]])
        let index = try TestIndex([first.descriptor])
        let outer = try TestIndex([index.descriptor])
        var graph = ContentGraph()
        for image in [first, second] { #expect(graph.learn(try document(image), as: image.digest)) }
        for index in [index, outer] {
            #expect(graph.learn(try ManifestDocument(bytes: index.bytes, mediaType: nil), as: index.digest))
        }
        let shared = digestOf(Self.layers[0])
        #expect(graph.ancestors(of: shared) == [shared, first.digest, second.digest, index.digest, outer.digest])
        let own = digestOf(Self.layers[1])
        #expect(graph.ancestors(of: own) == [own, first.digest, index.digest, outer.digest])
        #expect(graph.ancestors(of: digestOf([9])) == [digestOf([9])])
        #expect(graph.parents(of: shared) == [first.digest, second.digest])
        #expect(graph.parents(of: first.digest) == [index.digest])
        #expect(graph.parents(of: outer.digest).isEmpty)
    }

    @Test("An index tells what its manifests are, a manifest tells it of nothing")
    func manifestTypes() throws {
        let image = try TestImage("a", layers: [Self.layers[0]], mediaType: .dockerManifest)
        let index = try TestIndex([image.descriptor])
        var graph = ContentGraph()
        #expect(graph.manifestType(of: image.digest) == nil)
        #expect(graph.learn(try ManifestDocument(bytes: index.bytes, mediaType: nil), as: index.digest))
        #expect(graph.learn(try document(image), as: image.digest))
        #expect(graph.manifestType(of: image.digest) == .dockerManifest)
        #expect(graph.manifestType(of: digestOf(image.config)) == nil)
    }

    @Test("What an index says is to be had elsewhere is no child of its")
    func foreign() throws {
        let image = try TestImage("a", layers: [Self.layers[0]])
        var elsewhere = image.descriptor
        elsewhere.urls = ["https://elsewhere.test/"]
        let index = try TestIndex([elsewhere])
        var graph = ContentGraph()
        #expect(graph.learn(try ManifestDocument(bytes: index.bytes, mediaType: nil), as: index.digest))
        #expect(graph.children(of: index.digest) == [])
        #expect(graph.parents(of: image.digest) == [])
        #expect(graph.manifestType(of: image.digest) == nil)
    }

    @Test("The indexes of a manifest are those that name it as one; who names it as a layer is none of them")
    func indexes() throws {
        let image = try TestImage("a", layers: [Self.layers[0]])
        let bearer = try TestImage("b", layers: [image.manifest])
        let (index, outer) = (try TestIndex([image.descriptor]), try TestIndex([bearer.descriptor]))
        var graph = ContentGraph()
        for image in [image, bearer] { #expect(graph.learn(try document(image), as: image.digest)) }
        for index in [index, outer] {
            #expect(graph.learn(try ManifestDocument(bytes: index.bytes, mediaType: nil), as: index.digest))
        }
        #expect(graph.parents(of: image.digest) == [bearer.digest, index.digest])
        #expect(graph.indexes(of: image.digest) == [index.digest])
        #expect(graph.indexes(of: bearer.digest) == [outer.digest])
        #expect(graph.indexes(of: digestOf(Self.layers[0])) == [])
    }

    @Test("A manifest that goes leaves nothing behind")
    func forgetting() throws {
        let first = try TestImage("a", layers: [Self.layers[0]])
        let second = try TestImage("b", layers: [Self.layers[0]])
        var graph = ContentGraph()
        for image in [first, second] { #expect(graph.learn(try document(image), as: image.digest)) }
        graph.forget(first.digest)
        graph.forget(first.digest)
        let shared = digestOf(Self.layers[0])
        #expect(graph.ancestors(of: shared) == [shared, second.digest])
        #expect(!graph.knows(first.digest))
        graph.forget(second.digest)
        #expect(graph.ancestors(of: shared) == [shared])
        #expect(graph.edges == 0)
    }

    @Test("Learning a manifest again changes nothing")
    func again() throws {
        let image = try TestImage("a", layers: Self.layers)
        var graph = ContentGraph()
        for _ in 0..<2 { #expect(graph.learn(try document(image), as: image.digest)) }
        #expect(graph.edges == 4)
    }

    @Test("There is an end to what manifests can make the agent remember")
    func bound() throws {
        let first = try TestImage("a", layers: [Self.layers[0], Self.layers[1]])
        let second = try TestImage("b", layers: [Self.layers[0], Self.layers[2]])
        var graph = ContentGraph(maximumEdges: 5)
        #expect(graph.learn(try document(first), as: first.digest))
        #expect(!graph.learn(try document(second), as: second.digest))
        #expect(graph.children(of: second.digest) == [])
        graph.forget(first.digest)
        #expect(graph.learn(try document(second), as: second.digest))
    }
}
