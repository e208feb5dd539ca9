import Discovery
import OCI

@testable import Agent
@testable import Transfer

/// Stories of pulls that never were.
enum JournalSamples {
    static let peer = NodeID(hex: "101112131415161718191a1b1c1d1e1f")
    static let other = NodeID(hex: "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")

    static func source(
        _ source: ByteSource?, bytes: Int64 = 0, pieces: Int = 0, seconds: Double = 0, requests: Int = 1,
        holds: Bool = false, _ failures: [FailureReason: Int] = [:]
    ) -> DownloadRecord.Source {
        var record = DownloadRecord.Source(source)
        (record.bytes, record.pieces, record.seconds) = (bytes, pieces, seconds)
        (record.requests, record.holds, record.failures) = (requests, holds, failures)
        return record
    }

    static func download(
        _ digest: Digest, size: Int64, began: ContinuousClock.Instant, _ sources: [DownloadRecord.Source]
    ) -> DownloadRecord {
        var bytes = SourceBytes()
        for source in sources {
            switch source.source {
            case .peer(let node): bytes.peers[node, default: 0] += source.bytes
            case .upstream: bytes.upstream += source.bytes
            default: break
            }
        }
        return DownloadRecord(
            digest: digest, size: size, began: began, seconds: 1, bytes: bytes, sources: sources, verified: .whole,
            outcome: .complete, failure: nil, requestID: "c1-1")
    }

    /// An image of a manifest and two layers: one from two peers and upstream, one that was here.
    static func pull(_ image: String = "docker.io/library/nginx:latest") throws -> PullAccount {
        let start = ContinuousClock.now
        let end = start.advanced(by: .milliseconds(1500))
        let (one, two) = (peer ?? .random(), other ?? .random())
        var pull = PullAccount(image, digest: try .sample(1), by: .mirror, now: start)
        for blob in [try Digest.sample(1), try .sample(2), try .sample(3)] { pull.asked(blob, now: start) }
        pull.answered(
            try .sample(1), BlobAnswer(size: 1234, given: 1234, way: .direct(.peer(one))),
            now: start.advanced(by: .milliseconds(10)))
        let record = download(
            try .sample(2), size: 30_000_000, began: start,
            [
                source(.peer(one), bytes: 20_000_000, pieces: 5, seconds: 0.8, requests: 5, holds: true),
                source(.upstream, bytes: 10_000_000, pieces: 3, seconds: 1, [.reset: 1]),
                source(.peer(two), requests: 3, holds: true, [.refused: 2, .timedOut: 1]),
                source(.peer(NodeID(bytes: [UInt8](repeating: 7, count: 16)) ?? one), requests: 0, holds: true),
            ])
        pull.answered(
            try .sample(2), BlobAnswer(size: 30_000_000, given: 30_000_000, way: .download(record)), now: end)
        pull.answered(
            try .sample(3), BlobAnswer(size: 5_000_000, given: 5_000_000, way: .direct(.store)),
            now: start.advanced(by: .milliseconds(500)))
        return pull
    }

    static func name(_ node: NodeID) -> String? {
        [peer: "node-b", other: "node-c\u{1b}[31m"][node]
    }

    static func entry(_ image: String = "docker.io/library/nginx:latest") throws -> JournalEntry {
        let pull = try pull(image)
        var entry = JournalEntry(
            pull, now: pull.began, wall: UTCTime(seconds: 1_769_860_800, milliseconds: 7), name: name)
        entry.id = "00000000000000aa"
        return entry
    }
}
