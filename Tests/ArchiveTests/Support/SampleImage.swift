import FoundationEssentials
import Integrity
import OCI

@testable import Archive

/// A made-up image: a configuration, layers that are small tar archives, and OCI's manifest over them.
struct SampleImage {
    let config: [UInt8]
    let layers: [[UInt8]]
    /// What the manifest says of each layer.
    let packed: [[UInt8]]
    let manifest: [UInt8]
    let descriptor: Descriptor

    /// - Parameters:
    ///   - seed: makes its layers other than those of other images.
    ///   - isPacked: whether layers are packed by gzip.
    init(_ seed: UInt8, layers count: Int = 2, architecture: String = "amd64", isPacked: Bool = false) throws {
        let layers = (0..<count).map { number in
            TarBuilder([("file-\(seed)-\(number)", [UInt8](repeating: seed, count: 700 + number))]).whole
        }
        let packed = isPacked ? layers.map(gzipped) : layers
        let diffIDs = layers.map { ContentHasher.digest(of: $0) }
        config = try Self.json(
            ImageConfig(os: "linux", architecture: architecture, rootfs: .init(diffIDs: diffIDs)))
        manifest = try Self.json(
            Manifest(
                config: Self.descriptor(config, .ociConfig),
                layers: packed.map { Self.descriptor($0, isPacked ? .ociLayerGzip : .ociLayer) }))
        descriptor = Self.descriptor(manifest, .ociManifest)
        (self.layers, self.packed) = (layers, packed)
    }

    /// Everything that a layout has of it.
    var blobs: [[UInt8]] { [manifest, config] + packed }
    var digests: Set<Digest> { Set(blobs.map { ContentHasher.digest(of: $0) }) }
    var size: Int64 { blobs.reduce(0) { $0 + Int64($1.count) } }

    /// The descriptor as `index.json` has it.
    func listed(_ annotations: [String: String]? = nil, platform: Platform? = nil) -> Descriptor {
        var listed = descriptor
        listed.annotations = annotations
        listed.platform = platform
        return listed
    }

    static func descriptor(_ bytes: [UInt8], _ type: MediaType) -> Descriptor {
        Descriptor(mediaType: type, digest: ContentHasher.digest(of: bytes), size: Int64(bytes.count))
    }

    static func json(_ document: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(document))
    }
}

/// Archives of sample images, in all formats.
enum SampleArchive {
    typealias File = (name: String, content: [UInt8])

    static let layout: File = ("oci-layout", Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8))

    static func path(_ bytes: [UInt8], _ algorithm: Digest.Algorithm = .sha256) -> String {
        let digest = ContentHasher.digest(of: bytes, algorithm: algorithm)
        return "blobs/\(algorithm.rawValue)/\(digest.hex)"
    }

    static func blobs(_ blobs: [[UInt8]]) -> [File] { blobs.map { (path($0), $0) } }

    static func index(_ descriptors: [Descriptor]) throws -> File {
        ("index.json", try SampleImage.json(ImageIndex(manifests: descriptors)))
    }

    static func list(_ entries: [DockerListEntry]) throws -> File {
        ("manifest.json", try SampleImage.json(entries))
    }

    /// An OCI layout with one image.
    static func oci(_ image: SampleImage, _ annotations: [String: String]? = nil) throws -> [File] {
        try blobs(image.blobs) + [index([image.listed(annotations)]), layout]
    }

    /// What Docker wrote before version 25.
    static func docker(_ image: SampleImage, _ tags: [String]?) throws -> [File] {
        let config = "\(ContentHasher.digest(of: image.config).hex).json"
        let layers = image.packed.enumerated().map { number, layer in ("\(number)/layer.tar", layer) }
        let old = image.packed.indices.flatMap { number in
            [("\(number)/VERSION", Array("1.0".utf8)), ("\(number)/json", Array("{}".utf8))]
        }
        let list = try list([DockerListEntry(config: config, repoTags: tags, layers: layers.map(\.0))])
        return old + layers + [(config, image.config), list, ("repositories", Array("{}".utf8))]
    }
}
