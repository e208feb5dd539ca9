public import OCI

/// Where content belongs.
public enum ContentPlace: Hashable, Sendable {
    /// A repository of a registry.
    case registry(Origin)
    /// The local namespace, or this node: what was pushed or imported and has no registry.
    case local

    /// The registry's repository; nil for what has none.
    public var origin: Origin? {
        if case .registry(let origin) = self { origin } else { nil }
    }
}

/// As what content is asked for, or named.
public enum ContentKind: Hashable, Sendable {
    /// A manifest or an index.
    case manifest
    /// A configuration or a layer.
    case blob
}

/// What a node knows of where its content belongs, for ``PrivateGate``. Answers come from memory.
public protocol PrivateKnowledge: Sendable {
    /// Whether upstream hands a manifest to anybody.
    func publicity(of manifest: Digest, at origin: Origin) -> Publicity
    /// Notes that it does.
    func handedOut(_ manifest: Digest, at origin: Origin)
    /// Where a manifest belongs, by what this node and its runtime have noted of itself; what names it does not make it another's.
    func places(of manifest: Digest) -> Set<ContentPlace>
    /// Where it belongs, by what peers say whose word counts. May take long: not for every request.
    func claimedPlaces(of manifest: Digest) -> Set<ContentPlace>
    /// The held manifests and indexes that name this content, as whatever; not what names those.
    func parents(of digest: Digest) -> Set<Digest>
    /// The held indexes that name this content as one of their manifests; not what names those.
    func indexes(of manifest: Digest) -> Set<Digest>
    /// Whether the content is known to be a manifest, and no blob.
    func isManifest(_ digest: Digest) -> Bool
}
