import OCI

/// How far a pull is, blob by blob, and what of that is worth a line. A value; time is a parameter.
struct PullTally: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// How many sources of a blob are named.
    private static let namedSources = 16

    private var order: [Digest] = []
    private var blobs: [Digest: PulledBlob] = [:]
    /// What has changed since the last tick.
    private var changed: Set<Digest> = []
    private var moved: [Digest: Int64] = [:]
    private let began: Instant
    private var ticked: Instant
    /// Of all bytes, at the last tick.
    private var done: Int64 = 0
    private var rate = 0.0
    private(set) var size: Int64 = 0

    init(now: Instant) {
        began = now
        ticked = now
    }

    /// What is wanted is known.
    mutating func begin(_ wanted: [PulledBlob]) {
        for blob in wanted where blobs[blob.digest] == nil {
            order.append(blob.digest)
            blobs[blob.digest] = blob
        }
        size = blobs.values.reduce(0) { $0 + $1.size }
    }

    /// The blobs that are on their way.
    var moving: [Digest] {
        order.filter { [.downloading, .verifying].contains(blobs[$0]?.state) }
    }

    /// - Returns: the blob's line, which is told at once.
    mutating func set(_ digest: Digest, _ state: PulledBlob.State) -> PulledBlob? {
        guard var blob = blobs[digest], blob.state != state else { return nil }
        blob.state = state
        switch state {
        case .waiting, .downloading: break
        case .verifying, .fetched, .unpacking, .done, .present:
            blob.done = blob.size
            blob.rate = 0
        }
        blobs[digest] = blob
        changed.remove(digest)
        return blob
    }

    /// Bytes have gone where they were to go.
    mutating func moved(_ digest: Digest, _ count: Int64) {
        let all = moved[digest, default: 0] + count
        moved[digest] = all
        update(digest) { $0.done = max($0.done, min($0.size, all)) }
    }

    /// Bytes have come to this node.
    /// - Parameters:
    ///   - present: how many are here by now.
    ///   - sources: who gave how many.
    mutating func arrived(_ digest: Digest, present: Int64, rate: Int64, sources: [PulledBlob.Source]) {
        update(digest) { blob in
            blob.done = max(blob.done, min(blob.size, present))
            blob.rate = rate
            blob.sources = Self.named(sources)
            if blob.state == .downloading, present >= blob.size, blob.size > 0 { blob.state = .verifying }
        }
    }

    /// A blob is here: so its bytes came.
    mutating func came(_ digest: Digest, from sources: [PulledBlob.Source]) {
        update(digest) { $0.sources = Self.named(sources) }
    }

    /// How far everything is, and the blobs of which something is new.
    mutating func tick(now: Instant) -> (blobs: [PulledBlob], progress: PullProgress) {
        let total = blobs.values.reduce(0) { $0 + $1.done }
        let seconds = ticked.duration(to: now) / .seconds(1)
        if seconds > 0 {
            let new = Double(total - done) / seconds
            rate = done == 0 ? new : 0.75 * rate + 0.25 * new
            done = total
            ticked = now
        }
        let news = order.filter(changed.contains).compactMap { blobs[$0] }
        changed = []
        let secondsLeft = rate >= 1 ? Int64((Double(size - total) / rate).rounded(.up)) : nil
        return (
            news,
            PullProgress(
                done: total, size: size, rate: Int64(rate), seconds: self.seconds(now),
                secondsLeft: total < size ? secondsLeft : 0)
        )
    }

    /// What came from where.
    var bytes: PullSummary.Bytes {
        var bytes = PullSummary.Bytes()
        for blob in blobs.values {
            if blob.state == .present { bytes.present += blob.size }
            for source in blob.sources {
                switch source.kind {
                case "peer": bytes.peers += source.bytes
                case "upstream": bytes.upstream += source.bytes
                default: bytes.store += source.bytes
                }
            }
        }
        return bytes
    }

    var count: Int { order.count }

    func state(of digest: Digest) -> PulledBlob.State? { blobs[digest]?.state }

    /// Since it began, in tenths.
    func seconds(_ now: Instant) -> Double { (began.duration(to: now) / .milliseconds(100)).rounded() / 10 }

    private mutating func update(_ digest: Digest, _ body: (inout PulledBlob) -> Void) {
        guard var blob = blobs[digest] else { return }
        let before = blob
        body(&blob)
        guard blob != before else { return }
        blobs[digest] = blob
        changed.insert(digest)
    }

    private static func named(_ sources: [PulledBlob.Source]) -> [PulledBlob.Source] {
        let sorted = sources.filter { $0.bytes > 0 }.sorted {
            ($0.bytes, $1.id ?? "", $1.kind) > ($1.bytes, $0.id ?? "", $0.kind)
        }
        guard sorted.count > namedSources else { return sorted }
        // What is not named must count all the same.
        let rest = sorted[(namedSources - 1)...].reduce(0) { $0 + $1.bytes }
        return sorted.prefix(namedSources - 1) + [.init(kind: "peer", name: "others", bytes: rest)]
    }
}
