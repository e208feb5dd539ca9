import Discovery
import Logging
import OCI
import ServiceLifecycle
import Synchronization
import Transfer

/// Tells of every pull when it is over: one line in the log (the image, what came from where, how long it took), its story in the journal.
final class PullLog: Service {
    private let ledger = Mutex(PullLedger())
    private let logger: Logger
    private let name: @Sendable (NodeID) -> String?
    private let keep: @Sendable (JournalEntry) -> Void

    /// - Parameters:
    ///   - name: what a peer calls itself.
    ///   - keep: takes the story of a pull.
    init(
        logger: Logger, name: @escaping @Sendable (NodeID) -> String? = { _ in nil },
        keep: @escaping @Sendable (JournalEntry) -> Void = { _ in }
    ) {
        self.logger = logger
        self.name = name
        self.keep = keep
    }

    /// Somebody was told what a tag means.
    func called(_ image: String, _ digest: Digest) {
        ledger.withLock { $0.called(image, digest, now: .now) }
    }

    /// - Parameter isByDigest: whether it was asked for so.
    func manifestAnswered(
        _ image: String, _ answer: ManifestAnswer, _ document: ManifestDocument, isByDigest: Bool
    ) {
        let evicted = ledger.withLock {
            $0.manifest(
                PullLedger.Document(
                    image: image, digest: answer.digest, size: Int64(answer.bytes.count), source: answer.source,
                    blobs: document.blobs.map(\.digest), children: document.children.map(\.digest),
                    isByDigest: isByDigest), now: .now)
        }
        if let evicted { ended(evicted) }
    }

    func blobBegan(_ digest: Digest) {
        ledger.withLock { $0.blobBegan(digest, now: .now) }
    }

    func blobEnded(_ digest: Digest, _ answer: BlobAnswer) {
        for pull in ledger.withLock({ $0.blobEnded(digest, answer, now: .now) }) { ended(pull) }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                for pull in self.ledger.withLock({ $0.expire(now: .now) }) { self.ended(pull) }
            }
        }
        for pull in ledger.withLock({ $0.drain() }) { ended(pull) }
    }

    /// A pull is over.
    func ended(_ pull: PullAccount) {
        let entry = JournalEntry(pull, now: .now, wall: .now, name: name)
        log(entry)
        keep(entry)
    }

    private func log(_ entry: JournalEntry) {
        guard entry.failure == nil, entry.outcome != DownloadRecord.Outcome.failed.rawValue else {
            return logger.notice(
                "an image was not pulled",
                metadata: ["image": "\(entry.image)", "reason": "\(entry.reason ?? "nothing of it was given")"])
        }
        var metadata: Logger.Metadata = [
            "image": "\(entry.image)", "blobs": "\(entry.blobs.count)",
            "store_bytes": "\(entry.bytes.store)", "peer_bytes": "\(entry.bytes.peers)",
            "upstream_bytes": "\(entry.bytes.upstream)", "seconds": "\((entry.seconds * 10).rounded() / 10)",
            "bytes_per_second": "\(Figures.rate(entry.bytes.all, seconds: entry.seconds))",
            "outcome": "\(entry.outcome)", "pull": "\(entry.id)",
        ]
        if let digest = entry.digest { metadata["digest"] = "\(digest)" }
        logger.info("pulled", metadata: metadata)
    }
}

extension JournalEntry {
    /// Why not all of it was had; nil where it was.
    var reason: String? { failure ?? blobs.lazy.compactMap(\.failure).first }
}
