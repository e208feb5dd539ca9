import Content
import Discovery
import Integrity
import Logging
import OCI
import SystemPackage
import Testing
import Transfer

@testable import Agent

/// What a node's own store says of where content belongs.
@Suite("What a node knows of where its content belongs")
struct NodeKnowledgeTests {
    private let folder: TemporaryFolder
    private let layout: ImageLayout
    private let knowledge: NodeKnowledge
    private let blob = ContentHasher.digest(of: Array("layer".utf8))

    init() throws {
        folder = try TemporaryFolder()
        let logger = LogRecorder().logger
        layout = try ImageLayout(directory: folder.path.appending("store"), capacity: 1 << 30, logger: logger)
        knowledge = NodeKnowledge(
            content: NodeContent(layout: layout, runtime: nil),
            directory: Directory(own: .random(), hasKey: true, believesTags: true),
            publicImages: PublicImages(path: folder.path.appending("public.json"), logger: logger))
    }

    /// Puts a document into the store, as what a name or an origin says.
    private func put(_ text: String, as name: String?, from origin: String?) async throws -> Digest {
        let bytes = Array(text.utf8)
        let digest = ContentHasher.digest(of: bytes)
        try await layout.put(bytes, as: digest)
        let document = try ManifestDocument(bytes: bytes, mediaType: nil)
        try await layout.record(
            ImageRecord(
                reference: try name.map { try ImageReference(normalizing: $0) },
                origin: try origin.map { try Origin($0) }, digest: digest, mediaType: document.mediaType,
                size: Int64(bytes.count), knownGood: 1))
        return digest
    }

    private var image: String {
        let layer = #"{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"\#(blob)","size":5}"#
        return """
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",\
            "config":\(layer.replacing("layer.v1.tar", with: "config.v1+json")),"layers":[\(layer)]}
            """
    }

    private func index(of manifest: Digest) -> String {
        """
        {"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[\
        {"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"\(manifest)","size":\(image.utf8.count)}]}
        """
    }

    @Test("An image belongs to the repositories that it came from, and to the local namespace if it has a name there")
    func places() async throws {
        let (acme, other) = (try Origin("ghcr.io/acme/app"), try Origin("quay.io/x/app"))
        let digest = try await put(image, as: "ghcr.io/acme/app:1", from: nil)
        #expect(knowledge.places(of: digest) == [.registry(acme)])
        _ = try await put(image, as: nil, from: "quay.io/x/app")
        #expect(knowledge.places(of: digest) == [.registry(acme), .registry(other)])
        _ = try await put(image, as: "localhost:5050/team/app:1", from: nil)
        #expect(knowledge.places(of: digest) == [.registry(acme), .registry(other), .local])
        #expect(knowledge.places(of: blob).isEmpty)
    }

    @Test("An index does not make what it names its repository's")
    func index() async throws {
        let manifest = try await put(image, as: "ghcr.io/acme/app:1", from: nil)
        let index = try await put(index(of: manifest), as: "quay.io/x/app:1", from: nil)
        #expect(knowledge.places(of: manifest) == [.registry(try Origin("ghcr.io/acme/app"))])
        #expect(knowledge.parents(of: manifest) == [index])
        #expect(knowledge.parents(of: blob) == [manifest])
        #expect(knowledge.indexes(of: manifest) == [index])
        #expect(knowledge.indexes(of: blob).isEmpty)
        #expect(knowledge.isManifest(manifest) && knowledge.isManifest(index) && !knowledge.isManifest(blob))
        // Of the blobs below it, both.
        let origins = [try Origin("ghcr.io/acme/app"), try Origin("quay.io/x/app")]
        #expect(knowledge.content.origins(of: manifest) == origins)
        #expect(knowledge.content.homes(of: manifest) == [origins[0]])
    }

    @Test("What is held under no name is nobody's, whatever names it")
    func unnamed() async throws {
        let bytes = Array(image.utf8)
        let manifest = ContentHasher.digest(of: bytes)
        try await layout.put(bytes, as: manifest)
        let index = try await put(index(of: manifest), as: "quay.io/x/app:1", from: nil)
        #expect(knowledge.indexes(of: manifest) == [index])
        #expect(knowledge.places(of: manifest).isEmpty)
    }

    @Test("What names a manifest as a layer, or an index that names a layer, does not make it what it is not")
    func otherKinds() async throws {
        let manifest = ContentHasher.digest(of: Array(image.utf8))
        let bearer = try await put(
            image.replacing("\(blob)", with: "\(manifest)"), as: "quay.io/x/app:1", from: nil)
        #expect(knowledge.parents(of: manifest) == [bearer])
        #expect(knowledge.indexes(of: manifest).isEmpty)
        #expect(!knowledge.isManifest(manifest))
        let cache = index(of: blob).replacing("image.manifest.v1+json", with: "image.layer.v1.tar")
        let list = try await put(cache, as: "quay.io/x/cache:1", from: nil)
        #expect(knowledge.parents(of: blob) == [list])
        #expect(!knowledge.isManifest(blob))
    }

    @Test("What upstream hands out is remembered")
    func handedOut() throws {
        let origin = try Origin("ghcr.io/acme/app")
        #expect(knowledge.publicity(of: blob, at: origin) == .unknown)
        knowledge.handedOut(blob, at: origin)
        #expect(knowledge.publicity(of: blob, at: origin) == .yes)
    }
}
