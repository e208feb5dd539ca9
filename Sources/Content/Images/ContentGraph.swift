import OCI

/// Which held manifest names what: blobs, and, for an index, further manifests. A value without I/O.
struct ContentGraph: Sendable {
    /// How many names of content are kept in all: enough for ten thousand images, and a bound on what manifests that
    /// name thousands of blobs each can make the agent remember.
    static let maximumEdges = 200_000

    private struct Names {
        var blobs: [Digest]
        var manifests: [Descriptor]
        var count: Int { blobs.count + manifests.count }
    }

    private var names: [Digest: Names] = [:]
    private var parents: [Digest: Set<Digest>] = [:]
    private(set) var edges = 0
    private let maximumEdges: Int

    init(maximumEdges: Int = Self.maximumEdges) {
        self.maximumEdges = maximumEdges
    }

    /// Whether a manifest has been read already.
    func knows(_ manifest: Digest) -> Bool { names[manifest] != nil }

    /// Notes what a manifest names, but for what it says is to be had elsewhere: that is nothing of the image's here.
    /// - Returns: False where there is no room left: nothing is noted then.
    mutating func learn(_ document: ManifestDocument, as digest: Digest) -> Bool {
        forget(digest)
        var seen: Set<Digest> = []
        let manifests = document.children.filter { !$0.isForeign && seen.insert($0.digest).inserted }
        let blobs = document.blobs.map(\.digest).filter { seen.insert($0).inserted }
        let named = Names(blobs: blobs, manifests: manifests)
        guard edges + named.count <= maximumEdges else { return false }
        names[digest] = named
        edges += named.count
        for child in seen { parents[child, default: []].insert(digest) }
        return true
    }

    /// Forgets what a manifest named, when it goes.
    mutating func forget(_ manifest: Digest) {
        guard let named = names.removeValue(forKey: manifest) else { return }
        edges -= named.count
        for child in named.blobs + named.manifests.map(\.digest) {
            parents[child]?.remove(manifest)
            if parents[child]?.isEmpty == true { parents[child] = nil }
        }
    }

    /// What a manifest names, manifests first, each once; not what those name. Empty where it has not been read.
    func children(of manifest: Digest) -> [Digest] {
        guard let named = names[manifest] else { return [] }
        return named.manifests.map(\.digest) + named.blobs
    }

    /// The manifests that an index names, as it describes them.
    func manifests(of index: Digest) -> [Descriptor] { names[index]?.manifests ?? [] }

    /// What an index says that this content is; nil where no index names it as a manifest.
    func manifestType(of digest: Digest) -> MediaType? {
        for parent in parents[digest] ?? [] {
            if let descriptor = names[parent]?.manifests.first(where: { $0.digest == digest }) {
                return descriptor.mediaType
            }
        }
        return nil
    }

    /// The manifests that name this content; not what names those.
    func parents(of digest: Digest) -> Set<Digest> { parents[digest] ?? [] }

    /// The indexes that name this content as one of their manifests; what names it as a blob is left out.
    func indexes(of digest: Digest) -> Set<Digest> {
        parents(of: digest).filter { names[$0]?.manifests.contains { $0.digest == digest } == true }
    }

    /// The content itself, and every manifest that leads to it.
    func ancestors(of digest: Digest) -> Set<Digest> {
        var found: Set<Digest> = [digest]
        var pending = [digest]
        while let next = pending.popLast() {
            for parent in parents[next] ?? [] where found.insert(parent).inserted { pending.append(parent) }
        }
        return found
    }
}
