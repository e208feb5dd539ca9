import OCI

/// Who is fetching what, as others say. Bounded, whatever they say. A value: time is a parameter.
struct WantTable: Sendable {
    private struct Want: Sendable {
        var size: Int64?
        /// Forgotten then, unless it is said again.
        var until: ContinuousClock.Instant
    }

    private let limitPerPeer: Int
    private let limit: Int
    private var wanters: [Digest: [NodeID: Want]] = [:]
    private var wanted: [NodeID: Set<Digest>] = [:]
    /// Pairs of blob and wanter.
    private(set) var count = 0
    /// Nothing is to be forgotten before.
    private var earliest: ContinuousClock.Instant?
    private var changes: Set<Digest> = []

    init(limitPerPeer: Int, limit: Int) {
        self.limitPerPeer = limitPerPeer
        self.limit = limit
    }

    // MARK: What is known

    func wanters(of digest: Digest, now: ContinuousClock.Instant) -> [(node: NodeID, size: Int64?)] {
        (wanters[digest] ?? [:]).compactMap { node, want in now < want.until ? (node, want.size) : nil }
    }

    func count(of node: NodeID) -> Int { wanted[node]?.count ?? 0 }

    /// The blobs that somebody began or ceased to fetch since the last time.
    mutating func takeChanges() -> Set<Digest> {
        defer { changes = [] }
        return changes
    }

    // MARK: Hearing

    /// Takes up what a node says.
    mutating func hear(_ wants: [Beacon.Wanted], of node: NodeID, until: ContinuousClock.Instant) {
        var hasRoom = true
        for want in wants {
            if want.isEnded {
                remove(want.digest, of: node)
            } else if hasRoom {
                // Looking for room takes time when there is none: once a datagram.
                hasRoom = insert(want.digest, size: want.size, of: node, until: until)
            }
        }
    }

    /// Returns false where the limits leave no room.
    @discardableResult
    mutating func insert(
        _ digest: Digest, size: Int64?, of node: NodeID, until: ContinuousClock.Instant
    ) -> Bool {
        if var known = wanters[digest]?[node] {
            if let size, size != known.size {
                known.size = size
                note(digest)
            }
            known.until = max(known.until, until)
            wanters[digest]?[node] = known
            return true
        }
        guard count(of: node) < limitPerPeer else { return false }
        if count >= limit { makeRoom(for: node) }
        guard count < limit else { return false }
        wanters[digest, default: [:]][node] = Want(size: size, until: until)
        wanted[node, default: []].insert(digest)
        count += 1
        earliest = min(earliest ?? until, until)
        note(digest)
        return true
    }

    // MARK: Forgetting

    mutating func removeAll(of node: NodeID) {
        for digest in wanted[node] ?? [] { remove(digest, of: node) }
    }

    /// Forgets what was not said again, and nodes that `isAlive` is false for.
    mutating func expire(now: ContinuousClock.Instant, isAlive: (NodeID) -> Bool) {
        for node in wanted.keys where !isAlive(node) { removeAll(of: node) }
        guard let earliest, earliest <= now else { return }
        self.earliest = nil
        for (digest, nodes) in wanters {
            for (node, want) in nodes {
                if want.until <= now {
                    remove(digest, of: node)
                } else {
                    self.earliest = min(self.earliest ?? want.until, want.until)
                }
            }
        }
    }

    private mutating func remove(_ digest: Digest, of node: NodeID) {
        guard wanters[digest]?.removeValue(forKey: node) != nil else { return }
        if wanters[digest]?.isEmpty == true { wanters[digest] = nil }
        wanted[node]?.remove(digest)
        if wanted[node]?.isEmpty == true { wanted[node] = nil }
        count -= 1
        note(digest)
    }

    /// The table is full. The node that claims the most loses a quarter to one that claims less than half of that.
    private mutating func makeRoom(for node: NodeID) {
        guard count(of: node) < limitPerPeer / 2, let most = wanted.max(by: { $0.value.count < $1.value.count }),
            count(of: node) < most.value.count / 2
        else { return }
        for digest in most.value.prefix(most.value.count / 4 + 1) { remove(digest, of: most.key) }
    }

    private mutating func note(_ digest: Digest) {
        if changes.count < limit { changes.insert(digest) }
    }
}
