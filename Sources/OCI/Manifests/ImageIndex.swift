/// An image index, or Docker's manifest list: manifests of one image for several platforms.
public struct ImageIndex: Codable, Hashable, Sendable {
    public var schemaVersion: Int
    public var mediaType: MediaType?
    public var manifests: [Descriptor]
    /// The manifest that this index says something about.
    public var subject: Descriptor?
    public var artifactType: MediaType?
    public var annotations: [String: String]?

    public init(
        schemaVersion: Int = 2, mediaType: MediaType? = .ociIndex, manifests: [Descriptor],
        subject: Descriptor? = nil, artifactType: MediaType? = nil, annotations: [String: String]? = nil
    ) {
        self.schemaVersion = schemaVersion
        self.mediaType = mediaType
        self.manifests = manifests
        self.subject = subject
        self.artifactType = artifactType
        self.annotations = annotations
    }

    /// The first manifest or index for `platform`, one that names its variant before one that does not.
    public func manifest(for platform: Platform) -> Descriptor? {
        let fitting = manifests.filter { descriptor in descriptor.platform.map(platform.runs) ?? false }
        return fitting.first { $0.platform?.variant == platform.variant } ?? fitting.first
    }
}
