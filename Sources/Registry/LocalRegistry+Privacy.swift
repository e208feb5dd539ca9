import Content
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

    /// Lets a manifest pass that is asked for by its digest, under no name.
    func admit(_ digest: Digest, as identity: UpstreamIdentity) async throws(DistributionError) {
        guard !hasReceived(digest) else { return }
        do {
            try await gate.admit(digest, kind: .manifest, at: nil, as: identity)
        } catch {
            throw DistributionError(code: .manifestUnknown, message: "\(error)")
        }
    }

    /// Whether a blob may be mounted that was not brought.
    func mayBeMounted(_ digest: Digest) async -> Bool {
        (try? await leave(for: digest, as: .blob)) != nil
    }

    /// What a push may do with content that it names and did not bring: what this node's own right to it covers.
    /// - Throws: MANIFEST_BLOB_UNKNOWN where it may not name it.
    private func leave(
        for digest: Digest, as kind: ContentKind
    ) async throws(DistributionError) -> PrivateGate.Leave {
        guard !hasReceived(digest) else { return .whatever }
        do {
            return try await gate.admit(digest, kind: kind, at: nil, as: .node)
        } catch {
            throw Self.unknown(digest)
        }
    }

    /// Looks at everything that a push names and did not bring, before any of it is brought.
    ///
    /// A manifest whose bytes were sent as a blob's is one that nobody has looked at: what it names is looked at like what the push names
    /// itself. Of a manifest that may be named, because upstream gives it, the layers follow; manifests that it names do not: an index may
    /// name what is another's. What is said to be had elsewhere is not brought, and still named.
    /// - Returns: what may be named as a blob, and as nothing else; see ``checkBlobs(_:)``.
    /// - Throws: MANIFEST_BLOB_UNKNOWN where something is named that may not be.
    func checkNames(of pushed: ManifestDocument) async throws(DistributionError) -> Set<Digest> {
        guard gate.isOn else { return [] }
        var (blobs, seen): (Set<Digest>, Set<Digest>) = ([], [])
        var (document, isBrought) = (pushed, true)
        var pending: [(digest: Digest, isBrought: Bool)] = []
        while true {
            for blob in document.blobs where !hasReceived(blob.digest) && !blobs.contains(blob.digest) {
                let verdict = try await isBrought ? leave(for: blob.digest, as: .blob) : .asAsked
                if verdict == .asAsked { blobs.insert(blob.digest) }
            }
            for child in document.children where seen.insert(child.digest).inserted {
                let verdict = try await leave(for: child.digest, as: .manifest)
                let isBrought = hasReceived(child.digest)
                if !child.isForeign, isBrought || verdict == .asAsked { pending.append((child.digest, isBrought)) }
            }
            // One at a time: they may be large, and many.
            guard let next = pending.popLast() else { return blobs }
            (document, isBrought) = (try await manifest(next.digest), next.isBrought)
        }
    }

    /// Looks at what was named as a blob and is here now: a manifest is to be had by its own rules, whatever names it as a blob.
    /// - Throws: MANIFEST_BLOB_UNKNOWN where one may not be named.
    func checkBlobs(_ blobs: Set<Digest>) async throws(DistributionError) {
        for digest in blobs {
            guard let size = content.size(of: digest), size <= Int64(ManifestDocument.maximumSize),
                (try? await resolver.onLAN(digest)) != nil
            else { continue }
            _ = try await leave(for: digest, as: .manifest)
        }
    }

    private func manifest(_ digest: Digest) async throws(DistributionError) -> ManifestDocument {
        do {
            return try await resolver.onLAN(digest).document
        } catch {
            throw Self.unknown(digest)
        }
    }
}
