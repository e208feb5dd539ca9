import OCI

/// Blobs that pushes and loads have brought, or were promised, lately: a value without I/O. Bounded: what came longest ago goes first.
struct RecentBlobs: Sendable {
    /// Nothing says that a push was given up; after this long (seconds) it was.
    static let longestPush: Int64 = 86_400
    static let limit = 65_536

    private struct Entry {
        var time: Int64
        /// Until a tag leads there.
        var isUnderWay: Bool
    }

    private var entries: [Digest: Entry] = [:]
    private let limit: Int

    init(limit: Int = Self.limit) {
        self.limit = limit
    }

    /// Notes a blob that a push or a load relies on from now on.
    mutating func note(_ digest: Digest, now: Int64) {
        entries[digest] = Entry(time: now, isUnderWay: true)
        guard entries.count > limit else { return }
        // A tenth at once, so that a full table is not sorted for every newcomer.
        for (digest, _) in entries.sorted(by: { $0.value.time < $1.value.time }).prefix(max(1, limit / 10)) {
            entries[digest] = nil
        }
    }

    /// The push or load that brought a blob is at its end.
    mutating func settle(_ digest: Digest) { entries[digest]?.isUnderWay = false }

    mutating func remove(_ digest: Digest) { entries[digest] = nil }

    /// What is under way, and what came within the last `grace` seconds.
    func blobs(within grace: Int64, now: Int64) -> Set<Digest> {
        Set(entries.filter { Self.counts($0.value, grace, now) }.keys)
    }

    /// Forgets what does not count any more.
    mutating func expire(after grace: Int64, now: Int64) {
        entries = entries.filter { Self.counts($0.value, grace, now) }
    }

    private static func counts(_ entry: Entry, _ grace: Int64, _ now: Int64) -> Bool {
        let age = now - entry.time
        return age < grace || entry.isUnderWay && age < longestPush
    }
}
