public import OCI

/// Where a client says that content is.
public enum MirrorPlace: Hashable, Sendable, CustomStringConvertible {
    /// An upstream repository.
    case registry(Origin)
    /// The local namespace, which belongs to no registry. A blob asked for under such a name is found by its digest, and
    /// upstream by the registry that its repository was last asked for: lazy snapshotters leave `ns` out.
    case local(RepositoryName)

    public var origin: Origin? {
        if case .registry(let origin) = self { origin } else { nil }
    }

    public var description: String {
        switch self {
        case .registry(let origin): "\(origin)"
        case .local(let name): "\(name)"
        }
    }
}

/// How a client named the registry. It tells what becomes of a pull that cannot be finished here.
public enum MirrorForm: Hashable, Sendable {
    /// The `ns` parameter: containerd, which asks upstream for every single object that the mirror does not have.
    case namespace
    /// The first path component: podman, buildah, skopeo and CRI-O, which stay with the mirror that gave them the manifest.
    case path
    /// A bare name on dockerd's listener; dockerd stays with its mirror too.
    case docker
    /// Not at all: the local namespace.
    case local
}
