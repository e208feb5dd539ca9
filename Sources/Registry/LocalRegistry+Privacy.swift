public import OCI
import Synchronization
import Transfer

/// A name of the local namespace must be no way to content that a registry gives to some only: not by its digest, and not by pushing what
/// names it.
extension LocalRegistry {
    /// Whether a client has lately sent a blob's bytes here: then they are no secret to the clients of this node.
    public func hasReceived(_ digest: Digest) -> Bool {
        uploaded.withLock { $0.contains(digest, now: .now) }
    }

    /// Lets content pass that is asked for by its digest, under no name.
    func admit(_ digest: Digest, as identity: UpstreamIdentity) async throws(DistributionError) {
        guard !hasReceived(digest) else { return }
        do {
            try await gate.admit(digest, at: nil, as: identity)
        } catch {
            throw DistributionError(code: .manifestUnknown, message: "\(error)")
        }
    }

    /// Whether a push may name content that it did not bring: what this node's own right to it covers.
    func mayBeNamed(_ digest: Digest) async -> Bool {
        guard !hasReceived(digest) else { return true }
        return (try? await gate.admit(digest, at: nil, as: .node)) != nil
    }

    /// - Throws: MANIFEST_BLOB_UNKNOWN where a push names what it neither brought nor may have.
    func checkNames(of document: ManifestDocument) async throws(DistributionError) {
        guard gate.isOn else { return }
        let children = document.children.filter { !$0.isForeign }.map(\.digest)
        for digest in document.blobs.map(\.digest) + children {
            guard await mayBeNamed(digest) else { throw Self.unknown(digest) }
        }
    }
}
