import OCI
import Transfer

/// The answer to one request for a blob, when it is over.
struct BlobAnswer: Sendable {
    /// How its bytes came.
    enum Way: Sendable {
        /// From there, all of them.
        case direct(ByteSource)
        /// By the one download of the blob, which others may have read as well.
        case download(DownloadRecord)
        case unknown
    }

    /// Of the blob; nil where nobody said.
    var size: Int64?
    /// How many bytes went to whoever asked.
    var given: Int64 = 0
    var way = Way.unknown
    /// Why no more of it was given; nil where all was.
    var failure: String?

    /// Where the bytes came from: of a download's, in the proportion in which all of the blob's came.
    var bytes: JournalEntry.Bytes {
        switch way {
        case .direct(.store): return .init(store: given)
        case .direct(.peer): return .init(peers: given)
        case .direct(.upstream): return .init(upstream: given)
        case .unknown: return .init()
        case .download(let record):
            let all = record.bytes.fromPeers + record.bytes.upstream
            // Nothing came in this agent's life: it was left in the spool by the one before.
            guard all > 0 else { return .init(store: given) }
            let peers = Int64(Double(given) * Double(record.bytes.fromPeers) / Double(all))
            return .init(peers: peers, upstream: given - peers)
        }
    }
}

/// One blob of a pull, request by request. A value; bounded.
struct BlobAccount: Sendable, Equatable {
    typealias Instant = ContinuousClock.Instant

    /// How many downloads of it are told apart.
    static let downloadLimit = 4

    let digest: Digest
    let began: Instant
    private(set) var ended: Instant
    private(set) var size: Int64?
    private(set) var given: Int64 = 0
    private(set) var bytes = JournalEntry.Bytes()
    private(set) var failure: String?
    private(set) var downloads: [DownloadRecord] = []
    private(set) var direct: [ByteSource: Int64] = [:]

    init(_ digest: Digest, now: Instant) {
        self.digest = digest
        began = now
        ended = now
    }

    /// Whether all of it went to whoever asked.
    var isWhole: Bool { size.map { given >= $0 } ?? false }

    mutating func add(_ answer: BlobAnswer, now: Instant) {
        ended = now
        size = answer.size ?? size
        given += answer.given
        bytes += answer.bytes
        failure = answer.failure
        switch answer.way {
        case .direct(let source): direct[source, default: 0] += answer.given
        case .download(let record): add(record)
        case .unknown: break
        }
    }

    private mutating func add(_ record: DownloadRecord) {
        if let known = downloads.firstIndex(where: { $0.began == record.began }) {
            downloads[known] = record
        } else if downloads.count < Self.downloadLimit {
            downloads.append(record)
        }
        size = size ?? record.size
    }
}
