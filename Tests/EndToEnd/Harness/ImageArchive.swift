import FoundationEssentials
import Integrity
import OCI

/// Images that no registry has, made by the test: an archive in OCI's layout, as `ctr images import` takes it.
struct ImageArchive {
    /// One of them, as a node knows it once it is imported.
    struct Image: Sendable {
        /// The name that it is imported under.
        let reference: String
        let digest: String
        let layers: [String]
        let bytes: Int
        /// Config, layers and the manifest.
        var blobs: Int { layers.count + 2 }
    }

    private static let layerType = "application/vnd.oci.image.layer.v1.tar"
    private static let configType = "application/vnd.oci.image.config.v1+json"
    private static let manifestType = "application/vnd.oci.image.manifest.v1+json"

    private struct Descriptor: Encodable {
        let mediaType: String
        let digest: String
        let size: Int
        var annotations: [String: String]?
    }

    private struct Manifest: Encodable {
        var schemaVersion = 2
        var mediaType = ImageArchive.manifestType
        let config: Descriptor
        let layers: [Descriptor]
    }

    private struct Index: Encodable {
        var schemaVersion = 2
        let manifests: [Descriptor]
    }

    private struct Config: Encodable {
        struct RootFS: Encodable {
            let type = "layers"
            let diff_ids: [String]
        }
        #if arch(arm64)
            let architecture = "arm64"
        #else
            let architecture = "amd64"
        #endif
        let os = "linux"
        let rootfs: RootFS
    }

    private(set) var images: [Image] = []
    private var manifests: [Descriptor] = []
    private var tar = TarArchive()
    private let encoder = JSONEncoder()

    init() {
        tar.add("oci-layout", Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8))
    }

    /// An archive with one image, in a file.
    static func write(_ reference: String, layers: Int = 2, layerBytes: Int = 1 << 20, to file: String) throws -> Image
    {
        var archive = ImageArchive()
        let image = try archive.add(reference, layers: layers, layerBytes: layerBytes)
        try archive.write(to: file)
        return image
    }

    /// Adds an image of so many layers that no other image has. A layer holds one file of random bytes.
    @discardableResult
    mutating func add(_ reference: String, layers: Int, layerBytes: Int) throws -> Image {
        var generator = SystemRandomNumberGenerator()
        let layers = (0..<layers).map { _ in
            var layer = TarArchive()
            let words = (0..<(layerBytes + 7) / 8).map { _ in generator.next() }
            layer.add("random", words.withUnsafeBytes(Array.init))
            return blob(layer.finish(), Self.layerType)
        }
        let config = blob(
            try Array(encoder.encode(Config(rootfs: .init(diff_ids: layers.map(\.digest))))), Self.configType)
        var manifest = blob(
            try Array(encoder.encode(Manifest(config: config, layers: layers))), Self.manifestType)
        manifest.annotations = ["io.containerd.image.name": reference]
        manifests.append(manifest)
        let image = Image(
            reference: reference, digest: manifest.digest, layers: layers.map(\.digest),
            bytes: layers.reduce(config.size + manifest.size) { $0 + $1.size })
        images.append(image)
        return image
    }

    mutating func write(to file: String) throws {
        tar.add("index.json", try Array(encoder.encode(Index(manifests: manifests))))
        try Data(tar.finish()).write(to: URL(filePath: file))
    }

    private mutating func blob(_ bytes: [UInt8], _ mediaType: String) -> Descriptor {
        let digest = ContentHasher.digest(of: bytes).description
        tar.add("blobs/" + digest.split(separator: ":").joined(separator: "/"), bytes)
        return Descriptor(mediaType: mediaType, digest: digest, size: bytes.count)
    }
}
