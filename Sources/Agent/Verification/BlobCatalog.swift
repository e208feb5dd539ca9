import OCI

/// What verifying wants to know of the images here.
protocol BlobCatalog: Sendable {
    /// The manifests that go by the name, in whatever namespace.
    func manifests(named reference: ImageReference) -> [Digest]
    /// What a manifest names directly; empty for what is no manifest.
    func children(of digest: Digest) -> [Digest]
    /// The images that need a blob, directly or not.
    func owners(of digest: Digest) -> [BlobOwner]
    /// Whether a registry is known to have the blob.
    func hasOrigin(_ digest: Digest) -> Bool
    /// Whether all that the runtime holds has been listed; also where there is no runtime.
    var isComplete: Bool { get }
    /// Where containerd listens.
    var runtimeSocket: String? { get }
}

extension BlobCatalog {
    /// Everything that the images of a name consist of.
    func content(named reference: ImageReference) -> Set<Digest> {
        var found: Set<Digest> = []
        var pending = manifests(named: reference)
        while let next = pending.popLast() {
            if found.insert(next).inserted { pending += children(of: next) }
        }
        return found
    }
}
