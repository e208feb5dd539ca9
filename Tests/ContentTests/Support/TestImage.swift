import Content
import FoundationEssentials
import OCI

/// A small image: configuration, layers and manifest, as bytes.
struct TestImage: Sendable {
    var config: [UInt8]
    var layers: [[UInt8]]
    var manifest: [UInt8]
    var mediaType: MediaType

    init(_ name: String, layers: [[UInt8]], mediaType: MediaType = .ociManifest) throws {
        let isDocker = mediaType == .dockerManifest
        config = Array(
            #"{"architecture":"amd64","os":"linux","author":"\#(name)","config":{},"rootfs":{"type":"layers","diff_ids":[]}}"#
                .utf8)
        self.layers = layers
        self.mediaType = mediaType
        let document = Manifest(
            mediaType: mediaType,
            config: Descriptor(
                mediaType: isDocker ? .dockerConfig : .ociConfig, digest: digestOf(config), size: Int64(config.count)),
            layers: layers.map {
                Descriptor(
                    mediaType: isDocker ? .dockerLayerGzip : .ociLayer, digest: digestOf($0), size: Int64($0.count))
            })
        manifest = try encoded(document)
    }

    var digest: Digest { digestOf(manifest) }

    var descriptor: Descriptor {
        Descriptor(
            mediaType: mediaType, digest: digest, size: Int64(manifest.count),
            platform: Platform(os: "linux", architecture: "amd64"))
    }

    func record(
        _ reference: String?, origin: String? = nil, knownGood: Int64 = 1_700_000_000
    ) throws -> ImageRecord {
        ImageRecord(
            reference: try reference.map { try ImageReference(normalizing: $0) },
            origin: try origin.map { try Origin($0) },
            digest: digest, mediaType: mediaType, size: Int64(manifest.count), knownGood: knownGood)
    }

    /// Puts everything into a layout, the manifest last.
    func put(into layout: ImageLayout) async throws {
        for blob in layers + [config, manifest] { try await layout.put(blob, as: digestOf(blob)) }
    }
}

/// An index over images.
struct TestIndex: Sendable {
    let bytes: [UInt8]

    init(_ manifests: [Descriptor]) throws {
        bytes = try encoded(ImageIndex(manifests: manifests))
    }

    var digest: Digest { digestOf(bytes) }

    var descriptor: Descriptor { Descriptor(mediaType: .ociIndex, digest: digest, size: Int64(bytes.count)) }

    func record(_ reference: String) throws -> ImageRecord {
        ImageRecord(
            reference: try ImageReference(normalizing: reference), origin: nil, digest: digest, mediaType: .ociIndex,
            size: Int64(bytes.count), knownGood: 1_700_000_000)
    }
}

/// The same document has the same bytes every time.
private func encoded(_ document: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return Array(try encoder.encode(document))
}
