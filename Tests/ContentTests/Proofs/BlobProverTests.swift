import Glibc
import OCI
import Synchronization
import SystemPackage
import Testing

@testable import Content

@Suite("Reading a blob again")
struct BlobProverTests {
    private static let size = 5 << 20

    /// Of the suite, so that it lives as long as the test.
    private let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    private func prove(
        _ digest: Digest, in store: any ProvableStore, urgency: ProofUrgency = .idle,
        progress: @escaping @Sendable (Int64) -> Void = { _ in }
    ) async -> ProofOutcome {
        let prover = BlobProver(width: 1, urgency: urgency)
        let outcome = await prover.prove(digest, in: store, progress: progress)
        await prover.shutdown()
        return outcome
    }

    /// A layout with a ledger, and a blob in it.
    private func held(_ content: [UInt8]) async throws -> (layout: ImageLayout, Digest) {
        let ledger = ProofLedger(path: scratch.path.appending("proofs"), logger: LogRecorder().logger)
        let layout = try ImageLayout(
            directory: scratch.store, capacity: 1 << 30, proofs: ledger, logger: LogRecorder().logger)
        let digest = digestOf(content)
        try await layout.put(content, as: digest)
        return (layout, digest)
    }

    @Test("A blob that is what it should be is intact, and its bytes are counted", arguments: ProofUrgency.allCases)
    func intact(_ urgency: ProofUrgency) async throws {
        let (layout, digest) = try await held(bytes(Self.size))
        let read = Mutex<Int64>(0)
        let outcome = await prove(digest, in: layout, urgency: urgency) { count in read.withLock { $0 += count } }
        #expect(outcome == .intact)
        #expect(read.withLock { $0 } == Int64(Self.size))
        #expect(layout.proofs?.isProven(digest, as: FileIdentity(at: scratch.blobPath(digest))) == true)
    }

    @Test("A blob of no bytes is intact")
    func empty() async throws {
        let (layout, digest) = try await held([])
        #expect(await prove(digest, in: layout) == .intact)
    }

    @Test("One flipped byte, wherever it is, is damage: the blob is withdrawn", arguments: [0, 3_000_000, size - 1])
    func flipped(_ position: Int) async throws {
        var content = bytes(Self.size)
        let (layout, digest) = try await held(content)
        content[position] ^= 1
        try scratch.write(content, to: scratch.blobPath(digest))
        #expect(await prove(digest, in: layout) == .damaged(reason: "its bytes are those of \(digestOf(content))"))
        #expect(layout.size(of: digest) == nil)
        #expect(!scratch.exists(scratch.blobPath(digest)))
        #expect(layout.proofs?.provenAt(digest) == nil)
    }

    @Test("A file that was cut or has grown is damage", arguments: [0, 1, size - 1, size + 1])
    func otherSize(_ length: Int) async throws {
        let (layout, digest) = try await held(bytes(Self.size))
        #expect(truncate(scratch.blobPath(digest).string, length) == 0)
        #expect(
            await prove(digest, in: layout) == .damaged(reason: "it has \(length) bytes instead of \(Self.size)"))
        #expect(layout.size(of: digest) == nil)
    }

    @Test("A file that is cut while it is read is damage")
    func cutMeanwhile() async throws {
        let (layout, digest) = try await held(bytes(Self.size))
        let path = scratch.blobPath(digest).string
        let outcome = await prove(digest, in: layout) { _ in truncate(path, 100) }
        guard case .damaged(let reason) = outcome else { Issue.record("\(outcome)"); return }
        #expect(reason.contains("cut"))
    }

    @Test("A file that is not there is missing, and the blob is withdrawn")
    func missing() async throws {
        let (layout, digest) = try await held(bytes(100))
        unlink(scratch.blobPath(digest).string)
        #expect(await prove(digest, in: layout) == .missing)
        #expect(layout.size(of: digest) == nil)
    }

    @Test("A blob that the store does not hold is gone, which is nobody's fault")
    func gone() async throws {
        let (layout, _) = try await held([])
        #expect(await prove(digestOf(bytes(3)), in: layout) == .gone)
    }

    @Test("A blob that is let go while it is read is no damage, and nothing is noted of it")
    func removedMeanwhile() async throws {
        let (layout, digest) = try await held(bytes(Self.size))
        #expect(await prove(digest, in: layout) { _ in try? layout.remove(digest) } == .intact)
        #expect(layout.proofs?.provenAt(digest) == nil)
    }

    @Test("A file that cannot be read is told with the reason, and stays")
    func unreadable() async throws {
        let (layout, digest) = try await held(bytes(100))
        unlink(scratch.blobPath(digest).string)
        mkdir(scratch.blobPath(digest).string, 0o700)
        guard case .unreadable(let reason) = await prove(digest, in: layout) else {
            Issue.record("a folder was read")
            return
        }
        #expect(reason.contains("not a regular file"))
        #expect(layout.size(of: digest) == 100)
    }

    @Test("A file that is written to while it is read, and right, is not proven by that")
    func writtenMeanwhile() async throws {
        let (layout, digest) = try await held(bytes(Self.size))
        let path = scratch.blobPath(digest).string
        let outcome = await prove(digest, in: layout) { _ in
            let times = [timespec(tv_sec: 9_000, tv_nsec: 0), timespec(tv_sec: 9_000, tv_nsec: 0)]
            utimensat(AT_FDCWD, path, times, 0)
        }
        guard case .unreadable = outcome else { Issue.record("\(outcome)"); return }
    }

    @Test("Cancelling ends a proof, and neither proves nor withdraws the blob")
    func cancelling() async throws {
        let (layout, digest) = try await held(bytes(Self.size))
        let prover = BlobProver(width: 1, urgency: .idle)
        let outcome = await withTaskGroup(of: ProofOutcome.self) { group in
            // Between the first region and the second.
            group.addTask {
                await prover.prove(digest, in: layout, pace: { _ in try await Task.sleep(for: .seconds(60)) })
            }
            group.cancelAll()
            return await group.next()
        }
        #expect(outcome == .cancelled)
        #expect(layout.size(of: digest) == Int64(Self.size))
        await prover.shutdown()
    }

    @Test("Reading a blob again is no use of it")
    func noUse() async throws {
        let (layout, digest) = try await held(bytes(100))
        let times = [timespec(tv_sec: 1_000, tv_nsec: 0), timespec(tv_sec: 9_000, tv_nsec: 0)]
        #expect(utimensat(AT_FDCWD, scratch.blobPath(digest).string, times, 0) == 0)
        #expect(await prove(digest, in: layout) == .intact)
        var status = stat()
        #expect(stat(scratch.blobPath(digest).string, &status) == 0)
        #expect(status.st_atim.tv_sec == 1_000)
    }
}
