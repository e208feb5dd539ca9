public import OCI

/// A manifest that this node has brought itself, and where its bytes came from.
public struct PulledManifest: Sendable {
    public var digest: Digest
    public var document: ManifestDocument
    public var source: ByteSource
}

/// Manifests for a pull that this agent makes itself.
extension ManifestResolver {
    /// The manifest that a tag means by the policy in force, or that a digest names: own store, peers, upstream.
    /// - Throws: `UpstreamError`, ``FetchError``: why nobody gave it.
    public func pull(_ reference: ManifestReference, at origin: Origin) async throws -> PulledManifest {
        memory.remember(origin)
        let found =
            switch reference {
            case .digest(let digest): try await content(digest, at: origin, as: .node)
            case .tag(let tag): try await content(of: tag, at: origin, as: .node, accept: MediaType.manifestAccept)
            }
        return PulledManifest(digest: found.digest, document: found.document, source: found.source)
    }
}
