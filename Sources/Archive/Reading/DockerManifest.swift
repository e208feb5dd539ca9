import OCI

/// An entry of `manifest.json`, the list of images in an archive of `docker save`.
struct DockerListEntry: Codable, Hashable, Sendable {
    /// The name of the configuration within the archive.
    var config: String
    /// Repository and tag.
    var repoTags: [String]?
    /// The names of the layers within the archive, from the bottom to the top.
    var layers: [String]?

    enum CodingKeys: String, CodingKey {
        case config = "Config"
        case repoTags = "RepoTags"
        case layers = "Layers"
    }
}

/// A manifest for an image that an archive has none of: Docker's schema 2, or OCI's where Docker has no type for a layer.
///
/// Its bytes follow from the descriptors, so that an image has one digest however often it is loaded.
struct DockerManifest {
    let mediaType: MediaType
    let bytes: [UInt8]

    /// - Parameter layers: with what each is packed by, as its first bytes tell.
    init(
        config: (digest: Digest, size: Int64),
        layers: [(digest: Digest, size: Int64, compression: ArchiveCompression)]
    ) {
        let isDocker = layers.allSatisfy { $0.compression == .none || $0.compression == .gzip }
        let types: (ArchiveCompression) -> MediaType = { compression in
            switch compression {
            case .gzip: isDocker ? .dockerLayerGzip : .ociLayerGzip
            case .zstd: .ociLayerZstd
            default: isDocker ? .dockerLayer : .ociLayer
            }
        }
        mediaType = isDocker ? .dockerManifest : .ociManifest
        let layers = layers.map { Self.json(types($0.compression), $0.digest, $0.size) }.joined(separator: ",")
        let config = Self.json(isDocker ? .dockerConfig : .ociConfig, config.digest, config.size)
        // Nothing in it needs to be escaped.
        let text = "{\"schemaVersion\":2,\"mediaType\":\"\(mediaType)\",\"config\":\(config),\"layers\":[\(layers)]}"
        bytes = Array(text.utf8)
    }

    private static func json(_ type: MediaType, _ digest: Digest, _ size: Int64) -> String {
        "{\"mediaType\":\"\(type)\",\"digest\":\"\(digest)\",\"size\":\(size)}"
    }
}
