/// An image manifest, OCI or Docker schema 2: one configuration and its layers.
public struct Manifest: Codable, Hashable, Sendable {
    /// Always 2.
    public var schemaVersion: Int
    /// Its own type; OCI documents may leave it out.
    public var mediaType: MediaType?
    /// What the image runs, and with which settings.
    public var config: Descriptor
    /// From the bottom of the file system to its top.
    public var layers: [Descriptor]
    /// The manifest that this one says something about.
    public var subject: Descriptor?
    /// The type of the artifact, where this is no image.
    public var artifactType: MediaType?
    /// Free text by name.
    public var annotations: [String: String]?

    /// Makes a manifest; nothing is checked.
    public init(
        schemaVersion: Int = 2, mediaType: MediaType? = .ociManifest, config: Descriptor, layers: [Descriptor],
        subject: Descriptor? = nil, artifactType: MediaType? = nil, annotations: [String: String]? = nil
    ) {
        self.schemaVersion = schemaVersion
        self.mediaType = mediaType
        self.config = config
        self.layers = layers
        self.subject = subject
        self.artifactType = artifactType
        self.annotations = annotations
    }
}
