import Discovery
import OCI

/// How a name of the local namespace stands on this node: a tag, or a manifest by its digest that belongs to the repository.
struct LocalName: Hashable, Sendable {
    /// Without a registry; a tag or a digest, not both.
    var reference: ImageReference
    /// Of a deleted name the last one that it had.
    var digest: Digest
    var mediaType: MediaType
    var version: NameVersion
    /// Whether the name is gone, since this version.
    var isDeleted: Bool
    /// What the manifest refers to.
    var subject: Digest?
    /// When it was pushed or deleted: seconds since 1970 by this node's clock.
    var knownGood: Int64
}

extension ReferenceOffer {
    init(_ name: LocalName) {
        self.init(
            reference: name.reference, digest: name.digest, mediaType: name.mediaType, knownGood: name.knownGood,
            version: name.version, isDeleted: name.isDeleted, subject: name.subject)
    }
}
