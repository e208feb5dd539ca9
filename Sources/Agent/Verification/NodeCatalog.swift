import Content
import OCI
import SystemPackage

/// The images of both stores, as verifying wants to know them.
struct NodeCatalog: BlobCatalog {
    let content: NodeContent

    func manifests(named reference: ImageReference) -> [Digest] {
        if let digest = reference.digest { return [digest] }
        // The same name may mean different images in containerd's namespaces and here: all of them.
        let records = (content.runtime?.images() ?? []) + content.layout.images()
        return Array(Set(records.filter { $0.reference == reference }.map(\.digest)))
    }

    func children(of digest: Digest) -> [Digest] { content.children(of: digest) }

    func owners(of digest: Digest) -> [BlobOwner] {
        let own = content.layout.images(needing: digest).map { record in
            BlobOwner(name: record.reference?.description ?? "\(record.origin.map { "\($0)@" } ?? "")\(record.digest)")
        }
        return content.names(of: digest).map { BlobOwner(namespace: $0.namespace, name: $0.name) } + Set(own)
    }

    func hasOrigin(_ digest: Digest) -> Bool { !content.origins(of: digest).isEmpty }

    var isComplete: Bool {
        switch content.runtime?.state {
        case nil, .off, .following: true
        case .searching, .lost: false
        }
    }

    var runtimeSocket: String? {
        guard case .following(let following) = content.runtime?.state else { return nil }
        return following.socket.description
    }
}
