import OCI

/// The blobs of a layout in the order of their use, and what has to go for others to fit. A value without I/O.
struct BlobLedger: Sendable {
    /// A blob's use reaches its file, and so outlives a restart, at most this often.
    static let renewal: Duration = .seconds(60)

    /// More marks than that are looked through for old ones.
    private static let markLimit = 65_536

    private struct Entry {
        var size: Int64
        /// The neighbours in the order of use: a doubly linked list whose links are digests.
        var older: Digest?
        var newer: Digest?
        var renewed: ContinuousClock.Instant?
    }

    /// How many bytes the blobs may have in all.
    let capacity: Int64
    /// How many they have.
    private(set) var bytes: Int64 = 0
    /// Blobs that never have to go for others, here or not; and the bytes of those that are here.
    private(set) var kept: Set<Digest> = []
    private(set) var keptBytes: Int64 = 0
    /// Which decision about what is kept is the newest that was begun, and the newest that holds.
    private var keeping: (begun: Int, held: Int) = (0, 0)
    /// Which decision was the newest when a blob was named by itself.
    private var marks: [Digest: Int] = [:]
    private var markRoom = Self.markLimit
    private var entries: [Digest: Entry] = [:]
    private var oldest: Digest?
    private var newest: Digest?

    init(capacity: Int64) {
        self.capacity = capacity
    }

    /// How many blobs there are.
    var count: Int { entries.count }

    /// All blobs, in no order.
    var blobs: [BlobInfo] { entries.map { BlobInfo(digest: $0.key, size: $0.value.size) } }

    /// The blob's size; nil where it is not there.
    func size(of digest: Digest) -> Int64? { entries[digest]?.size }

    /// Adds a blob as the one used last. One that is there already is replaced.
    mutating func insert(_ blob: BlobInfo) {
        remove(blob.digest)
        entries[blob.digest] = Entry(size: blob.size)
        bytes += blob.size
        if kept.contains(blob.digest) { keptBytes += blob.size }
        link(blob.digest)
    }

    /// Takes a blob off the books.
    @discardableResult
    mutating func remove(_ digest: Digest) -> Int64? {
        guard let entry = unlink(digest) else { return nil }
        entries[digest] = nil
        bytes -= entry.size
        if kept.contains(digest) { keptBytes -= entry.size }
        return entry.size
    }

    /// Notes that a blob is used now.
    /// - Returns: Whether its file's time should be renewed.
    mutating func use(_ digest: Digest, at now: ContinuousClock.Instant) -> Bool {
        guard let entry = unlink(digest) else { return false }
        link(digest)
        if let renewed = entry.renewed, renewed.duration(to: now) < Self.renewal { return false }
        entries[digest]?.renewed = now
        return true
    }

    /// Begins to decide which blobs never have to go for others: what ``keep(_:)-(Digest)`` says from now on the decision does not know.
    mutating func beginKeeping() -> Int {
        keeping.begun += 1
        return keeping.begun
    }

    /// Says which blobs never have to go for others, beside those that were named one by one since the decision began.
    /// - Parameter decision: what ``beginKeeping()`` gave. One that was begun before the one that holds comes too late.
    mutating func keep(_ digests: Set<Digest>, decision: Int) {
        guard decision > keeping.held else { return }
        keeping.held = decision
        kept = digests.union(marks.lazy.filter { $0.value >= decision }.map(\.key))
        keptBytes = kept.reduce(0) { $0 + (entries[$1]?.size ?? 0) }
    }

    /// Says of one more blob that it never has to go.
    mutating func keep(_ digest: Digest) {
        marks[digest] = keeping.begun
        if marks.count > markRoom {
            // What the decision that holds has seen.
            let held = keeping.held
            marks = marks.filter { $0.value >= held }
            // So that a full table is not looked through for every newcomer.
            markRoom = max(Self.markLimit, 2 * marks.count)
        }
        if kept.insert(digest).inserted { keptBytes += entries[digest]?.size ?? 0 }
    }

    /// Whether a blob was named by itself since a decision was begun.
    func isMarked(_ digest: Digest, since decision: Int) -> Bool { marks[digest].map { $0 >= decision } ?? false }

    /// What has to go so that `size` bytes more fit; everything that may go where they never will.
    func victims(fitting size: Int64) -> [BlobInfo] { victims(freeing: bytes - capacity + size) }

    /// The blobs used longest ago that have `wanted` bytes together, without those that are kept; all of them where that is not enough.
    func victims(freeing wanted: Int64) -> [BlobInfo] {
        var victims: [BlobInfo] = []
        var freed: Int64 = 0
        var next = oldest
        while freed < wanted, let digest = next, let entry = entries[digest] {
            next = entry.newer
            guard !kept.contains(digest) else { continue }
            victims.append(BlobInfo(digest: digest, size: entry.size))
            freed += entry.size
        }
        return victims
    }

    /// Puts an entry at the newest end.
    private mutating func link(_ digest: Digest) {
        entries[digest]?.older = newest
        entries[digest]?.newer = nil
        if let newest { entries[newest]?.newer = digest } else { oldest = digest }
        newest = digest
    }

    /// Takes an entry out of the order, and closes the gap.
    private mutating func unlink(_ digest: Digest) -> Entry? {
        guard let entry = entries[digest] else { return nil }
        if let older = entry.older { entries[older]?.newer = entry.newer } else { oldest = entry.newer }
        if let newer = entry.newer { entries[newer]?.older = entry.older } else { newest = entry.older }
        return entry
    }
}
