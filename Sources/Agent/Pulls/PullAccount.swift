import OCI
import Transfer

/// One pull as far as it went: what was asked for, in that order, and what became of it. A value; bounded.
struct PullAccount: Sendable, Equatable {
    typealias Instant = ContinuousClock.Instant

    /// How many blobs are told apart; the bytes of more count all the same.
    static let blobLimit = 256

    let id: String
    let image: String
    /// What the name means; nil until that is known.
    var digest: Digest?
    let by: JournalEntry.Way
    let began: Instant
    private(set) var last: Instant
    private(set) var blobs: [BlobAccount] = []
    private(set) var bytes = JournalEntry.Bytes()
    /// Why the pull as a whole failed.
    var failure: String?
    private var places: [Digest: Int] = [:]

    init(_ image: String, digest: Digest? = nil, by: JournalEntry.Way, now: Instant) {
        let number = String(UInt64.random(in: 0...(.max)), radix: 16)
        id = String(repeating: "0", count: 16 - number.count) + number
        self.image = image
        self.digest = digest
        self.by = by
        began = now
        last = now
    }

    /// A blob is asked for.
    mutating func asked(_ digest: Digest, now: Instant) {
        last = max(last, now)
        guard places[digest] == nil, blobs.count < Self.blobLimit else { return }
        places[digest] = blobs.count
        blobs.append(BlobAccount(digest, now: now))
    }

    /// An answer is over.
    /// - Returns: whether all of the blob has been given by now.
    @discardableResult
    mutating func answered(_ digest: Digest, _ answer: BlobAnswer, now: Instant) -> Bool {
        asked(digest, now: now)
        bytes += answer.bytes
        guard let place = places[digest] else { return answer.size.map { answer.given >= $0 } ?? false }
        blobs[place].add(answer, now: now)
        return blobs[place].isWhole
    }

    /// Nothing is asked for any more.
    mutating func ended(now: Instant) { last = max(last, now) }

    var outcome: DownloadRecord.Outcome {
        guard failure == nil else { return blobs.contains { $0.given > 0 } ? .partial : .failed }
        if blobs.allSatisfy(\.isWhole) { return .complete }
        return blobs.contains { $0.given > 0 } ? .partial : .failed
    }
}
