/// What an archive may take of whoever reads it. Contents of blobs are not among it: they go to a sink as they come.
public struct ArchiveLimits: Sendable {
    /// Entries of any kind.
    public var entries = 1 << 18
    /// Files that may turn out to be a part of an image: with links the only entries whose names are kept.
    public var files = 1 << 14
    /// Bytes of such a name. Writers of archives need less than 150.
    public var fileName = 255
    /// Bytes of each document that is kept in memory: `index.json`, `manifest.json`, `oci-layout`.
    public var document = 4 << 20
    /// Manifests and indexes in all.
    public var manifests = 1 << 14
    /// Indexes within each other.
    public var depth = 8
    /// Images.
    public var images = 1024
    /// Names of images in all.
    public var names = 4096

    /// The defaults.
    public init() {}
}
