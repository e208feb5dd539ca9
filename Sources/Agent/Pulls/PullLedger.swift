import OCI
import Transfer

/// Sums up what the mirror answered into pulls: a manifest, and the blobs it names that were asked for after it.
///
/// A client never says that a pull is over, so a pull ends when all its blobs have been answered or nothing has been asked of it
/// for a while. A value; the time is a parameter. Bounded: at most ``limit`` pulls are open.
struct PullLedger: Sendable {
    typealias Instant = ContinuousClock.Instant

    static let limit = 256
    /// A pull without a request for so long is over.
    static let quiet: Duration = .seconds(10)
    /// So long after a tag was asked for, or an index, what it led to goes by that name.
    static let nameMemory: Duration = .seconds(60)
    static let nameLimit = 1024
    private static let childrenEach = 64

    /// A manifest or index that went out.
    struct Document: Sendable {
        var image: String
        var digest: Digest
        var size: Int64 = 0
        var source: ByteSource?
        /// Of a manifest.
        var blobs: [Digest] = []
        /// Of an index.
        var children: [Digest] = []
        /// Whether it was asked for by its digest: then its name says less than the tag's that led there.
        var isByDigest = false

        var answer: BlobAnswer {
            BlobAnswer(size: size, given: size, way: source.map { .direct($0) } ?? .unknown)
        }
    }

    private struct Open {
        var pull: PullAccount
        var waiting: Set<Digest>
        var active = 0
        /// Answers about blobs.
        var answers = 0
    }

    private struct Index {
        var document: Document
        var at: Instant
    }

    private struct Named {
        var image: String
        var at: Instant
    }

    private var open: [Digest: Open] = [:]
    /// By the manifests that they name.
    private var indexes: [Digest: Index] = [:]
    private var names: [Digest: Named] = [:]

    /// Somebody was told what a tag means; who does that asks for the digest next.
    mutating func called(_ image: String, _ digest: Digest, now: Instant) {
        if names.count >= Self.nameLimit { names = names.filter { $0.value.at.duration(to: now) < Self.nameMemory } }
        if names.count >= Self.nameLimit { names = [:] }
        names[digest] = Named(image: image, at: now)
    }

    /// A manifest went out.
    /// - Returns: a pull that had to end to make room for this one.
    mutating func manifest(_ document: Document, now: Instant) -> PullAccount? {
        var document = document
        if document.isByDigest, let named = names[document.digest], named.at.duration(to: now) < Self.nameMemory {
            document.image = named.image
        }
        guard !document.blobs.isEmpty else {
            remember(document, now: now)
            return nil
        }
        if open[document.digest] != nil {
            open[document.digest]?.pull.answered(document.digest, document.answer, now: now)
            return nil
        }
        var evicted: PullAccount?
        if open.count >= Self.limit, let oldest = open.min(by: { $0.value.pull.last < $1.value.pull.last })?.key {
            evicted = open.removeValue(forKey: oldest)?.pull
        }
        open[document.digest] = Open(pull: begun(document, now: now), waiting: Set(document.blobs))
        return evicted
    }

    /// A pull is called by the name that the client began with.
    private func begun(_ document: Document, now: Instant) -> PullAccount {
        guard let index = indexes[document.digest], index.at.duration(to: now) < Self.nameMemory else {
            var pull = PullAccount(document.image, digest: document.digest, by: .mirror, now: now)
            pull.answered(document.digest, document.answer, now: now)
            return pull
        }
        var pull = PullAccount(index.document.image, digest: index.document.digest, by: .mirror, now: index.at)
        pull.answered(index.document.digest, index.document.answer, now: index.at)
        pull.answered(document.digest, document.answer, now: now)
        return pull
    }

    private mutating func remember(_ document: Document, now: Instant) {
        if indexes.count > Self.nameLimit - Self.childrenEach {
            indexes = indexes.filter { $0.value.at.duration(to: now) < Self.nameMemory }
        }
        if indexes.count > Self.nameLimit - Self.childrenEach { indexes = [:] }
        for child in document.children.prefix(Self.childrenEach) {
            indexes[child] = Index(document: document, at: now)
        }
    }

    mutating func blobBegan(_ blob: Digest, now: Instant) {
        for (key, pull) in open where pull.waiting.contains(blob) {
            open[key]?.active += 1
            open[key]?.pull.asked(blob, now: now)
        }
    }

    /// A blob's answer has ended.
    /// - Returns: the pulls that this ends.
    mutating func blobEnded(_ blob: Digest, _ answer: BlobAnswer, now: Instant) -> [PullAccount] {
        var ended: [PullAccount] = []
        for key in open.keys where open[key]?.waiting.contains(blob) == true {
            guard var pull = open.removeValue(forKey: key) else { continue }
            pull.active -= 1
            pull.answers += 1
            if pull.pull.answered(blob, answer, now: now) { pull.waiting.remove(blob) }
            if pull.waiting.isEmpty {
                ended.append(pull.pull)
            } else {
                open[key] = pull
            }
        }
        return ended
    }

    /// The pulls that have been quiet for long enough. Those of which nothing but the manifest was asked are not worth a word.
    mutating func expire(now: Instant) -> [PullAccount] {
        take { $0.active <= 0 && $0.pull.last.duration(to: now) >= Self.quiet }
    }

    /// All pulls, as far as they went.
    mutating func drain() -> [PullAccount] { take { _ in true } }

    private mutating func take(_ isOver: (Open) -> Bool) -> [PullAccount] {
        let over = open.filter { isOver($0.value) }
        for key in over.keys { open[key] = nil }
        return over.values.filter { $0.answers > 0 }.map(\.pull).sorted { $0.began < $1.began }
    }
}
