public import OCI

/// A name of the local namespace: a tag of a repository, or a manifest as a member of one.
public struct LocalName: Hashable, Sendable, Comparable, CustomStringConvertible {
    public var repository: RepositoryName
    public var reference: ManifestReference

    public init(_ repository: RepositoryName, _ reference: ManifestReference) {
        self.repository = repository
        self.reference = reference
    }

    /// Nil for a name of a registry, and for one with both a tag and a digest, or with neither.
    public init?(_ image: ImageReference) {
        guard image.registry == nil else { return nil }
        switch (image.tag, image.digest) {
        case (let tag?, nil): self.init(image.repository, .tag(tag))
        case (nil, let digest?): self.init(image.repository, .digest(digest))
        default: return nil
        }
    }

    /// As it is written everywhere: `localhost:5050/team/app:1`.
    public var image: ImageReference {
        ImageReference(registry: nil, repository: repository, tag: reference.tag, digest: reference.digest)
    }

    public var description: String { image.description }

    public static func < (one: Self, other: Self) -> Bool { one.image < other.image }
}
