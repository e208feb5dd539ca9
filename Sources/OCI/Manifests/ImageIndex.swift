/// An image index, or Docker's manifest list: manifests of one image for several platforms.
public struct ImageIndex: Codable, Hashable, Sendable {
    /// Always 2.
    public var schemaVersion: Int
    /// Its own type; OCI documents may leave it out.
    public var mediaType: MediaType?
    /// One entry for each platform, and what else belongs to the image.
    public var manifests: [Descriptor]
    /// The manifest that this index says something about.
    public var subject: Descriptor?
    /// The type of the artifact, where this is no image.
    public var artifactType: MediaType?
    /// Free text by name.
    public var annotations: [String: String]?

    /// Makes an index; nothing is checked.
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
