import Content
import OCI

/// Manifests, and all that they lead to.
struct ContentClosure {
    private let children: (Digest) -> [Digest]
    private(set) var digests: Set<Digest> = []

    init(_ children: @escaping (Digest) -> [Digest]) {
        self.children = children
    }

    func contains(_ digest: Digest) -> Bool { digests.contains(digest) }

    /// Adds content and what it names, each once, however many images share it.
    mutating func add(_ digest: Digest) {
        var pending = [digest]
        while let next = pending.popLast() {
            if digests.insert(next).inserted { pending += children(next) }
        }
    }
}

extension ImageRecord {
    /// Whether somebody could pull the image from what is held: a manifest with all that it names, or an index with a manifest of which
    /// that is so. Nodes hold the platforms that they run.
    func isComplete(_ children: (Digest) -> [Digest], _ held: [Digest: Int64]) -> Bool {
        let named = children(digest)
        guard mediaType.isIndex, !named.isEmpty else { return Self.isWhole(digest, children, held) }
        return held[digest] != nil && named.contains { Self.isWhole($0, children, held) }
    }

    private static func isWhole(
        _ digest: Digest, _ children: (Digest) -> [Digest], _ held: [Digest: Int64]
    ) -> Bool {
        var seen: Set<Digest> = [digest]
        var pending = [digest]
        while let next = pending.popLast() {
            guard held[next] != nil else { return false }
            pending += children(next).filter { seen.insert($0).inserted }
        }
        return true
    }
}
