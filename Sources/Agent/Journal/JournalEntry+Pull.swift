import Discovery
import Integrity
import OCI
import Transfer

/// How the account of a pull becomes a story that can be kept: ids and names in place of references, a wall clock's time.
extension JournalEntry {
    /// - Parameters:
    ///   - now: at which `wall` is the time.
    ///   - name: what a peer calls itself.
    init(_ pull: PullAccount, now: ContinuousClock.Instant, wall: UTCTime, name: (NodeID) -> String?) {
        let seconds = pull.began.duration(to: pull.last) / .seconds(1)
        self.init(
            id: pull.id, image: pull.image, digest: pull.digest, by: pull.by,
            began: wall.earlier(by: pull.began.duration(to: now)).description, seconds: Figures.thousandths(seconds),
            bytes: pull.bytes, blobs: pull.blobs.map { Blob($0, name: name) }, outcome: pull.outcome.rawValue,
            failure: pull.failure.map(Self.cut))
    }

    /// A registry's words may be long.
    fileprivate static func cut(_ text: String) -> String { TextTable.cut(text, to: 300) }
}

extension JournalEntry.Blob {
    /// Several downloads of one blob may have had other sources each; no more of them are told than of one.
    private static let sourceLimit = 32

    init(_ account: BlobAccount, name: (NodeID) -> String?) {
        let seconds = account.began.duration(to: account.ended) / .seconds(1)
        let outcome: DownloadRecord.Outcome =
            account.isWhole ? .complete : account.given > 0 ? .partial : .failed
        let verified: DownloadRecord.Verification =
            account.downloads.last?.verified ?? (account.given > 0 ? .whole : .none)
        self.init(
            digest: account.digest, size: account.size, seconds: Figures.thousandths(seconds),
            rate: Figures.rate(account.given, seconds: seconds), bytes: account.bytes,
            sources: Self.sources(account, name), verified: verified.rawValue, outcome: outcome.rawValue,
            failure: account.isWhole ? nil : (account.failure ?? account.downloads.last?.failure).map(JournalEntry.cut))
    }

    private static func sources(_ account: BlobAccount, _ name: (NodeID) -> String?) -> [JournalEntry.Source] {
        var sources: [ByteSource?: JournalEntry.Source] = [:]
        for source in account.downloads.flatMap(\.sources) {
            let new = JournalEntry.Source(source, name)
            sources[source.source] = sources[source.source].map { $0.adding(new) } ?? new
        }
        let seconds = account.began.duration(to: account.ended) / .seconds(1)
        for (source, bytes) in account.direct {
            let new = JournalEntry.Source(source, bytes, seconds: seconds, name)
            sources[source] = sources[source].map { $0.adding(new) } ?? new
        }
        let most = sources.values.sorted { ($0.bytes, $0.requests, $1.id ?? "") > ($1.bytes, $1.requests, $0.id ?? "") }
        return Array(most.prefix(sourceLimit))
    }
}

extension JournalEntry.Source {
    fileprivate init(_ source: DownloadRecord.Source, _ name: (NodeID) -> String?) {
        self.init(
            kind: Self.kind(source.source), id: Self.peer(source.source)?.description,
            name: source.source == nil ? "others" : Self.peer(source.source).flatMap(name), bytes: source.bytes,
            pieces: source.pieces, rate: Figures.rate(source.bytes, seconds: source.seconds), requests: source.requests,
            held: source.holds,
            failures: source.failures.map { .init(reason: $0.key.rawValue, count: $0.value) }
                .sorted { ($1.count, $0.reason) < ($0.count, $1.reason) })
    }

    fileprivate init(_ source: ByteSource, _ bytes: Int64, seconds: Double, _ name: (NodeID) -> String?) {
        self.init(
            kind: Self.kind(source), id: Self.peer(source)?.description, name: Self.peer(source).flatMap(name),
            bytes: bytes, pieces: Int((bytes + HashChain.pieceSize - 1) / HashChain.pieceSize),
            rate: Figures.rate(bytes, seconds: seconds), requests: 1, held: source != .upstream, failures: [])
    }

    fileprivate func adding(_ other: Self) -> Self {
        var sum = self
        sum.bytes += other.bytes
        sum.pieces += other.pieces
        sum.rate = max(rate, other.rate)
        sum.requests += other.requests
        sum.held = held || other.held
        for failure in other.failures {
            if let place = sum.failures.firstIndex(where: { $0.reason == failure.reason }) {
                sum.failures[place].count += failure.count
            } else {
                sum.failures.append(failure)
            }
        }
        return sum
    }

    private static func kind(_ source: ByteSource?) -> String {
        switch source {
        case .store: "store"
        case .upstream: "upstream"
        case .peer, nil: "peer"
        }
    }

    private static func peer(_ source: ByteSource?) -> NodeID? {
        if case .peer(let node) = source { node } else { nil }
    }
}
