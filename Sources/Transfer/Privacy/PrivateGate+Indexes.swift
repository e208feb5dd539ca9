import OCI

/// What follows from the indexes that name a manifest. Clients can push, and registries serve, indexes that name each other as they
/// like: nobody looks further than here is said.
extension PrivateGate {
    /// Indexes may name indexes; deeper than this nobody looks.
    private static let depth = 4

    /// How much is looked at for one question: each index once on the way to a place, and so many in all.
    struct Effort {
        static let limit = 8192

        private var left = Self.limit

        /// Whether there is any left for one more.
        mutating func spend() -> Bool {
            guard left > 0 else { return false }
            left -= 1
            return true
        }
    }

    /// Whether a manifest may be had by itself, or because an index of the same place may that names it.
    func isHad(_ manifest: Digest, at place: ContentPlace, _ principal: Principal?, _ effort: inout Effort) -> Bool {
        isHadItself(manifest, at: place, principal)
            || belongs(manifest, to: place) && isNamed(manifest, at: place, principal, &effort)
    }

    /// Whether an index that may be had names a manifest that is of that place.
    ///
    /// Each index on the way must be of the place itself: an index may name what is another's, and that does not make it the index's.
    func isNamed(_ manifest: Digest, at place: ContentPlace, _ principal: Principal?, _ effort: inout Effort) -> Bool {
        climb(
            from: manifest, &effort, through: { belongs($0, to: place) },
            until: { isHadItself($0, at: place, principal) })
    }

    /// Where a manifest, and what leads to it, belongs by this node's records.
    func places(leadingTo manifest: Digest, _ effort: inout Effort) -> Set<ContentPlace> {
        var places = knowledge.places(of: manifest)
        _ = climb(
            from: manifest, &effort,
            until: {
                places.formUnion(knowledge.places(of: $0))
                return false
            })
        return places
    }

    /// When the last yes that let somebody have a manifest ends, or ended: upstream's about itself, or about an index that leads to it.
    func lastConfirmation(
        of manifest: Digest, at origin: Origin, as principal: Principal, _ effort: inout Effort
    ) -> ContinuousClock.Instant? {
        func said(of digest: Digest) -> ContinuousClock.Instant? {
            lastConfirmation(.init(principal: principal, origin: origin, digest: digest, kind: .manifest))
        }
        var last = said(of: manifest)
        _ = climb(
            from: manifest, &effort,
            until: {
                if let end = said(of: $0) { last = max(last ?? end, end) }
                return false
            })
        return last
    }

    private func isHadItself(_ manifest: Digest, at place: ContentPlace, _ principal: Principal?) -> Bool {
        switch (place, principal) {
        case (.local, _):
            knowledge.places(of: manifest).contains(.local)
        case (.registry(let origin), let principal?):
            [Publicity.yes, .wasOnce].contains(knowledge.publicity(of: manifest, at: origin))
                || isConfirmed(
                    Confirmations.Entry(principal: principal, origin: origin, digest: manifest, kind: .manifest))
        case (.registry, nil):
            false
        }
    }

    /// What a push names was looked at when it was pushed. Of what is held this node's own records are enough.
    private func belongs(_ manifest: Digest, to place: ContentPlace) -> Bool {
        place == .local || knowledge.places(of: manifest).contains(place)
    }

    /// Goes up from a manifest, level by level, over the indexes that name it, each once.
    /// - Parameters:
    ///   - isWay: whether what names this index is of interest, too.
    ///   - isFound: ends it.
    /// - Returns: whether it was found.
    private func climb(
        from manifest: Digest, _ effort: inout Effort, through isWay: (Digest) -> Bool = { _ in true },
        until isFound: (Digest) -> Bool
    ) -> Bool {
        var (level, seen): ([Digest], Set<Digest>) = ([manifest], [manifest])
        for _ in 0..<Self.depth where !level.isEmpty {
            var above: [Digest] = []
            for named in level {
                for index in knowledge.indexes(of: named) where seen.insert(index).inserted {
                    guard effort.spend() else { return false }
                    if isFound(index) { return true }
                    if isWay(index) { above.append(index) }
                }
            }
            level = above
        }
        return false
    }
}
