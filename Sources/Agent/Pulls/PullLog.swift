import Logging
import OCI
import ServiceLifecycle
import Synchronization
import Transfer

/// Leaves one line in the log for every pull: the image, what came from where, and how long it took.
final class PullLog: Service {
    private let ledger = Mutex(PullLedger())
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    func manifestAnswered(_ image: String, _ answer: ManifestAnswer, _ document: ManifestDocument) {
        let evicted = ledger.withLock {
            $0.manifest(image, answer.digest, blobs: document.blobs.map(\.digest), bytes: .init(), now: .now)
        }
        if let evicted { log(evicted) }
    }

    func blobBegan(_ digest: Digest) {
        ledger.withLock { $0.blobBegan(digest, now: .now) }
    }

    func blobEnded(_ digest: Digest, bytes: PullLedger.Bytes, isWhole: Bool) {
        let ended = ledger.withLock { $0.blobEnded(digest, bytes: bytes, isWhole: isWhole, now: .now) }
        for pull in ended { log(pull) }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                for pull in self.ledger.withLock({ $0.expire(now: .now) }) { self.log(pull) }
            }
        }
    }

    private func log(_ pull: PullLedger.Pull) {
        let seconds = pull.began.duration(to: pull.last) / .seconds(1)
        logger.info(
            "pulled",
            metadata: [
                "image": "\(pull.image)", "digest": "\(pull.digest)", "blobs": "\(pull.blobs)",
                "store_bytes": "\(pull.bytes.store)", "peer_bytes": "\(pull.bytes.peers)",
                "upstream_bytes": "\(pull.bytes.upstream)", "seconds": "\((seconds * 10).rounded() / 10)",
            ])
    }
}
