import Content
import Discovery
import OCI

/// Whether a pull that begins here can end here: for clients that choose their mirror once, at the manifest.
extension ManifestResolver {
    static let headDeadline: Duration = .seconds(5)

    /// Whether upstream would serve whoever asks the image's blobs now, or all of them are here or at live peers.
    func canBeCompleted(
        _ document: ManifestDocument, at origin: Origin, as identity: UpstreamIdentity
    ) async throws -> Bool {
        switch document.kind {
        case .manifest:
            guard let missing = document.blobs.first(where: { !isAtHand($0.digest) }) else { return true }
            return await doesUpstreamServe(missing.digest, at: origin, as: identity) == .yes
        case .index:
            guard let child = document.children.first else { return true }
            switch await doesUpstreamServeManifest(child.digest, at: origin, as: identity) {
            case .yes: return true
            case .no: return await areComplete(document.children, at: origin, as: identity)
            case .unreachable:
                // The client cannot get more from upstream either. The node's own platform is what will be asked for.
                let own = document.children.filter { $0.platform.map(Platform.current.runs) ?? false }
                return await areComplete(own.isEmpty ? document.children : own, at: origin, as: identity)
            }
        case .other:
            return true
        }
    }

    private enum Service { case yes, no, unreachable }

    private func isAtHand(_ digest: Digest) -> Bool {
        content.size(of: digest) != nil || !sources.holders(of: digest).isEmpty
    }

    private func areComplete(
        _ children: [Descriptor], at origin: Origin, as identity: UpstreamIdentity
    ) async -> Bool {
        for child in children {
            guard isAtHand(child.digest), let document = try? await atHand(child.digest, at: origin, as: identity),
                document.blobs.allSatisfy({ isAtHand($0.digest) })
            else { return false }
        }
        return true
    }

    /// A child manifest that is in the store or at a peer.
    private func atHand(
        _ digest: Digest, at origin: Origin, as identity: UpstreamIdentity
    ) async throws -> ManifestDocument {
        try await content(digest, at: origin, as: identity).document
    }

    private func doesUpstreamServe(
        _ blob: Digest, at origin: Origin, as identity: UpstreamIdentity
    ) async -> Service {
        await service(of: origin) { () async throws(UpstreamError) in
            _ = try await upstream.blobHead(blob, at: origin, as: identity, deadline: Self.headDeadline)
        }
    }

    private func doesUpstreamServeManifest(
        _ manifest: Digest, at origin: Origin, as identity: UpstreamIdentity
    ) async -> Service {
        await service(of: origin) { () async throws(UpstreamError) in
            _ = try await upstream.head(
                .digest(manifest), at: origin, as: identity, accept: MediaType.manifestAccept,
                deadline: Self.headDeadline)
        }
    }

    private func service(of origin: Origin, _ ask: () async throws(UpstreamError) -> Void) async -> Service {
        guard !upstream.isKnownUnreachable(origin.registry) else { return .unreachable }
        do throws(UpstreamError) {
            try await ask()
            return .yes
        } catch {
            return error.code == .unreachable ? .unreachable : .no
        }
    }
}
