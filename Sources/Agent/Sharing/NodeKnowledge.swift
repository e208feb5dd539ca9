import Content
import Discovery
import OCI
import Transfer

/// What this node knows of where content belongs, for who must ask upstream before it hands out what is private.
struct NodeKnowledge: PrivateKnowledge {
    let content: NodeContent
    let directory: Directory
    let publicImages: PublicImages

    func publicity(of manifest: Digest, at origin: Origin) -> Publicity {
        publicImages.publicity(of: manifest, at: origin, now: WallClock.now)
    }

    func handedOut(_ manifest: Digest, at origin: Origin) {
        publicImages.record(true, of: .init(origin: origin, digest: manifest), at: WallClock.now)
    }

    func places(of manifest: Digest) -> Set<ContentPlace> {
        var places = Set(content.images(of: manifest).map { ContentPlace($0.reference, $0.origin) })
        for origin in content.homes(of: manifest) { places.insert(.registry(origin)) }
        return places
    }

    func claimedPlaces(of manifest: Digest) -> Set<ContentPlace> {
        Set(directory.names(of: manifest).map { ContentPlace($0, $0.origin) })
    }

    func parents(of digest: Digest) -> Set<Digest> { content.parents(of: digest) }

    func indexes(of manifest: Digest) -> Set<Digest> { content.indexes(of: manifest) }

    func isManifest(_ digest: Digest) -> Bool { content.isManifest(digest) }
}

extension ContentPlace {
    /// A name of the local namespace has no registry; what has neither a name nor a repository was imported on this node.
    fileprivate init(_ reference: ImageReference?, _ origin: Origin?) {
        let isLocal = reference.map { $0.registry == nil } ?? false
        self = isLocal ? .local : origin.map(ContentPlace.registry) ?? .local
    }
}
