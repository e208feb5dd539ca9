import OCI

/// Sums up what the mirror answered into pulls: a manifest, and the blobs it names that were asked for after it.
///
/// A client never says that a pull is over, so a pull ends when all its blobs have been answered or nothing has been asked of it
/// for a while. A value; the time is a parameter. Bounded: at most ``limit`` pulls are open.
struct PullLedger: Sendable {
    typealias Instant = ContinuousClock.Instant

    static let limit = 256
    /// A pull without a request for so long is over.
    static let quiet: Duration = .seconds(10)

    struct Bytes: Equatable, Sendable {
        var store: Int64 = 0
        var peers: Int64 = 0
        var upstream: Int64 = 0

        static func + (left: Bytes, right: Bytes) -> Bytes {
            Bytes(
                store: left.store + right.store, peers: left.peers + right.peers,
                upstream: left.upstream + right.upstream)
        }
    }

    /// One pull, as far as the mirror saw it.
    struct Pull: Equatable, Sendable {
        var image: String
        var digest: Digest
        var bytes = Bytes()
        var blobs = 0
        var began: Instant
        var last: Instant
        var waiting: Set<Digest>
        var active = 0
    }

    private var pulls: [Digest: Pull] = [:]

    /// A manifest went out.
    mutating func manifest(_ image: String, _ digest: Digest, blobs: [Digest], bytes: Bytes, now: Instant) -> Pull? {
        if var pull = pulls[digest] {
            pull.bytes = pull.bytes + bytes
            pull.last = now
            pulls[digest] = pull
            return nil
        }
        guard !blobs.isEmpty else { return nil }
        var evicted: Pull?
        if pulls.count >= Self.limit, let oldest = pulls.min(by: { $0.value.last < $1.value.last })?.key {
            evicted = pulls.removeValue(forKey: oldest)
        }
        pulls[digest] = Pull(image: image, digest: digest, bytes: bytes, began: now, last: now, waiting: Set(blobs))
        return evicted
    }

    mutating func blobBegan(_ blob: Digest, now: Instant) {
        for (key, pull) in pulls where pull.waiting.contains(blob) {
            pulls[key]?.active += 1
            pulls[key]?.last = now
        }
    }

    /// A blob's answer has ended.
    /// - Parameter isWhole: whether all of the blob had been asked for.
    /// - Returns: the pulls that this ends.
    mutating func blobEnded(_ blob: Digest, bytes: Bytes, isWhole: Bool, now: Instant) -> [Pull] {
        var ended: [Pull] = []
        for (key, var pull) in pulls where pull.waiting.contains(blob) {
            pull.active -= 1
            pull.last = now
            pull.blobs += 1
            pull.bytes = pull.bytes + bytes
            if isWhole { pull.waiting.remove(blob) }
            pulls[key] = pull
            if pull.waiting.isEmpty {
                ended.append(pull)
                pulls[key] = nil
            }
        }
        return ended
    }

    /// The pulls that have been quiet for long enough. Those of which nothing but the manifest was asked are not worth a word.
    mutating func expire(now: Instant) -> [Pull] {
        let over = pulls.filter { $0.value.active <= 0 && $0.value.last.duration(to: now) >= Self.quiet }
        for key in over.keys { pulls[key] = nil }
        return over.values.filter { $0.blobs > 0 }.sorted { $0.began < $1.began }
    }
}
