/// An image manifest, OCI or Docker schema 2: one configuration and its layers.
public struct Manifest: Codable, Hashable, Sendable {
    public var schemaVersion: Int
    public var mediaType: MediaType?
    public var config: Descriptor
    /// From the bottom of the file system to its top.
    public var layers: [Descriptor]
    /// The manifest that this one says something about.
    public var subject: Descriptor?
    public var artifactType: MediaType?
    public var annotations: [String: String]?

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
