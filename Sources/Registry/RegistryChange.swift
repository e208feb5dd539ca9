public import OCI

/// What somebody has changed on this node, for those who want to hear of it.
public enum RegistryChange: Sendable, Equatable {
    /// A name means something new: it was pushed, loaded or tagged.
    case named(LocalName, Digest)
    case removed(LocalName, Digest)
    /// What nothing referred to is gone.
    case collected(blobs: Int, bytes: Int64)
}
