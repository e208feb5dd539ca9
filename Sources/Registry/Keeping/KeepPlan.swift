import Content
import OCI

/// What must not go from this node's own store: what was pushed here and is still meant, and what is pinned. A value: what it looks at is
/// told to it.
struct KeepPlan {
    var names: [NameRecord]
    /// The manifests of pinned images.
    var pinned: [Digest]
    /// Blobs whose manifest may be on its way.
    var recent: Set<Digest>
    /// Names below this age (seconds) count, even where no tag leads there.
    var grace: Int64
    /// Seconds since 1970.
    var now: Int64
    /// What content names, where that is a manifest.
    var children: (Digest, MediaType?) -> [Digest]

    /// All of it.
    var kept: Set<Digest> {
        var closure = recent
        var pending: [(Digest, MediaType?)] = pinned.map { ($0, nil) }
        let own = names.filter { $0.isOwn && !$0.isDeleted }
        pending += own.filter { $0.name.reference.tag != nil || now - $0.since < grace }.map {
            ($0.digest, $0.mediaType)
        }
        var reached: Set<Digest> = []
        repeat {
            while let (digest, type) = pending.popLast() {
                guard reached.insert(digest).inserted else { continue }
                pending += children(digest, type).map { ($0, nil) }
            }
            // A signature, or a bill of materials, is kept for as long as what it is about.
            pending = own.filter { record in
                record.subject.map(reached.contains) == true && !reached.contains(record.digest)
            }.map { ($0.digest, $0.mediaType) }
        } while !pending.isEmpty
        closure.formUnion(reached)
        return closure
    }

    /// Members of repositories that nothing leads to any more: their names can be forgotten.
    func forgotten(_ kept: Set<Digest>) -> [LocalName] {
        names.filter { record in
            record.name.reference.digest != nil && !record.isDeleted && !kept.contains(record.digest)
                && now - record.since >= grace
        }.map(\.name)
    }
}
