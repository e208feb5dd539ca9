import Archive
import FoundationEssentials
import Integrity
import OCI

/// A made-up image and the archive that it comes in.
struct ArchiveSample {
    let layer: [UInt8]
    let config: [UInt8]
    let manifest: [UInt8]
    let descriptor: Descriptor

    init(layerBytes: Int = 3000, seed: UInt8 = 1) throws {
        layer = (0..<layerBytes).map { UInt8(truncatingIfNeeded: $0 &* 31) ^ seed }
        config = try Self.json(
            ImageConfig(os: "linux", architecture: "amd64", rootfs: .init(diffIDs: [ContentHasher.digest(of: layer)])))
        manifest = try Self.json(
            Manifest(
                config: Self.descriptor(config, .ociConfig), layers: [Self.descriptor(layer, .ociLayer)]))
        descriptor = Self.descriptor(manifest, .ociManifest)
    }

    var blobs: [[UInt8]] { [manifest, config, layer] }
    var size: Int64 { blobs.reduce(0) { $0 + Int64($1.count) } }

    /// In OCI's layout.
    func files(named name: String?) throws -> [(name: String, content: [UInt8])] {
        var listed = descriptor
        listed.annotations = name.map { ["io.containerd.image.name": $0] }
        return [
            ("oci-layout", Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8)),
            ("index.json", try Self.json(ImageIndex(manifests: [listed]))),
        ] + blobs.map { ("blobs/sha256/" + ContentHasher.digest(of: $0).hex, $0) }
    }

    func archive(named name: String? = "localhost:5050/team/app:v1") throws -> [UInt8] {
        try files(named: name).reduce(into: []) { bytes, file in
            bytes += TarWriter.header(of: TarEntry(name: file.name, size: Int64(file.content.count))) + file.content
            bytes += [UInt8](repeating: 0, count: TarWriter.padding(Int64(file.content.count)))
        } + TarWriter.end
    }

    static func descriptor(_ bytes: [UInt8], _ type: MediaType) -> Descriptor {
        Descriptor(mediaType: type, digest: ContentHasher.digest(of: bytes), size: Int64(bytes.count))
    }

    static func json(_ document: some Encodable) throws -> [UInt8] { Array(try JSONEncoder().encode(document)) }
}
