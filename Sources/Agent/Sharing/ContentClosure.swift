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
    /// - Parameter isHeldBack: whether something that is named is left out, with what it names itself.
    mutating func add(_ digest: Digest, except isHeldBack: (Digest) -> Bool = { _ in false }) {
        var pending = [digest]
        while let next = pending.popLast() {
            if digests.insert(next).inserted { pending += children(next).filter { !isHeldBack($0) } }
        }
    }
}

/// Which images somebody could pull from what is held. Each manifest is looked at once, however many names it has.
struct ContentCompleteness {
    private let children: (Digest) -> [Digest]
    private let held: [Digest: Int64]
    private var whole: [Digest: Bool] = [:]

    /// - Parameter held: what there is, with its size.
    init(_ children: @escaping (Digest) -> [Digest], _ held: [Digest: Int64]) {
        self.children = children
        self.held = held
    }

    /// Whether that is so of a manifest with all that it names, or of an index and a manifest of it. Nodes hold the platforms that
    /// they run.
    mutating func isComplete(_ digest: Digest, _ mediaType: MediaType) -> Bool {
        let named = mediaType.isIndex ? children(digest) : []
        guard !named.isEmpty else { return isWhole(digest) }
        return held[digest] != nil && named.contains { isWhole($0) }
    }

    private mutating func isWhole(_ digest: Digest) -> Bool {
        if let known = whole[digest] { return known }
        let isWhole = lacksNothing(digest)
        whole[digest] = isWhole
        return isWhole
    }

    private func lacksNothing(_ digest: Digest) -> Bool {
        var seen: Set<Digest> = [digest]
        var pending = [digest]
        while let next = pending.popLast() {
            guard held[next] != nil else { return false }
            pending += children(next).filter { seen.insert($0).inserted }
        }
        return true
    }
}
