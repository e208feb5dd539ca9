import Content
import OCI
import SystemPackage

/// What verifying wants to know of the images here, from both stores.
struct NodeCatalog: BlobCatalog {
    let content: NodeContent

    func manifests(named reference: ImageReference) -> [Digest] {
        let records = [content.runtime?.image(for: reference), content.layout.image(for: reference)]
        return Array(Set(records.compactMap { $0?.digest }))
    }

    func children(of digest: Digest) -> [Digest] { content.children(of: digest) }

    func owners(of digest: Digest) -> [BlobOwner] {
        let own = content.layout.images(needing: digest).map { image in
            BlobOwner(
                name: image.reference?.description ?? image.origin.map { "\($0)@\(image.digest)" } ?? "\(image.digest)")
        }
        return content.names(of: digest).map { BlobOwner(namespace: $0.namespace, name: $0.name) } + own
    }

    func hasOrigin(_ digest: Digest) -> Bool { !content.origins(of: digest).isEmpty }

    var runtimeSocket: String? {
        guard case .following(let following) = content.runtime?.state else { return nil }
        return following.socket.string
    }
}
