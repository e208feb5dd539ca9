import Glibc
import Integrity
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
        _ digest: Digest, in store: any ProvableStore, urgency: ProofUrgency = .idle, chains: ChainStore? = nil,
        progress: @escaping @Sendable (Int64) -> Void = { _ in }
    ) async -> ProofOutcome {
        let prover = BlobProver(threads: 1, urgency: urgency, chains: chains)
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
        let prover = BlobProver(threads: 1, urgency: .idle)
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

    // MARK: With chains

    private func chains(_ log: LogRecorder = LogRecorder()) -> ChainStore {
        ChainStore(directory: scratch.path.appending("chains"), logger: log.logger)
    }

    @Test("The chain is made in passing")
    func makesChain() async throws {
        let content = bytes(Self.size)
        let (layout, digest) = try await held(content)
        let chains = chains()
        #expect(await prove(digest, in: layout, chains: chains) == .intact)
        #expect(chains.chain(of: digest, size: Int64(Self.size)) == chainOf(content))
    }

    @Test("Bytes that come in odd portions make the same chain", arguments: [999_999, 4096])
    func oddPortions(step: Int64) async throws {
        let content = bytes(Self.size)
        let store = SteppedStore(content, step: step)
        let chains = chains()
        #expect(await prove(store.digest, in: store, chains: chains) == .intact)
        #expect(chains.chain(of: store.digest, size: Int64(Self.size)) == chainOf(content))
    }

    @Test("With its chain at hand a blob's bytes are read once, and it is intact", arguments: ProofUrgency.allCases)
    func byChain(_ urgency: ProofUrgency) async throws {
        let content = bytes(3 * Int(HashChain.pieceSize) + 5)
        let (layout, digest) = try await held(content)
        let chains = chains()
        chains.keep(chainOf(content))
        let read = Mutex<Int64>(0)
        #expect(
            await prove(digest, in: layout, urgency: urgency, chains: chains) { count in read.withLock { $0 += count } }
                == .intact)
        #expect(read.withLock { $0 } == Int64(content.count))
        #expect(layout.proofs?.isProven(digest, as: FileIdentity(at: scratch.blobPath(digest))) == true)
    }

    @Test("With its chain at hand the damaged pieces of a blob are named")
    func namesPieces() async throws {
        var content = bytes(3 * Int(HashChain.pieceSize) + 5)
        let (layout, digest) = try await held(content)
        let chains = chains()
        chains.keep(chainOf(content))
        for piece in [0, 2] { content[piece * Int(HashChain.pieceSize) + 77] ^= 1 }
        try scratch.write(content, to: scratch.blobPath(digest))
        let reason =
            "its bytes are those of \(digestOf(content)); damaged: pieces 0, 2 of 4 (4 MiB each, counted from 0)"
        #expect(await prove(digest, in: layout, chains: chains) == .damaged(reason: reason))
        #expect(layout.size(of: digest) == nil)
    }

    @Test("A wrong chain convicts no blob: it is replaced by the true one, with a warning")
    func wrongChain() async throws {
        let content = bytes(2 * Int(HashChain.pieceSize) + 5)
        let (layout, digest) = try await held(content)
        let log = LogRecorder()
        let chains = chains(log)
        chains.keep(try forged(chainOf(content), at: 0))
        #expect(await prove(digest, in: layout, chains: chains) == .intact)
        #expect(chains.chain(of: digest, size: Int64(content.count)) == chainOf(content))
        #expect(log.warnings.count == 1)
    }

    @Test("Blobs of all sizes that are read at the same time do not get into each other's way")
    func together() async throws {
        let contents = [0, 1, 63, 64, 65, 100_000, 4_194_304, 4_194_305, 6_000_000].enumerated().map {
            bytes($0.element, seed: UInt8($0.offset))
        }
        let (layout, _) = try await held([])
        for content in contents { try await layout.put(content, as: digestOf(content)) }
        let damaged = digestOf(contents[5])
        try scratch.write(contents[5].map { $0 ^ 1 }, to: scratch.blobPath(damaged))
        let prover = BlobProver(threads: 2, urgency: .idle, chains: chains())
        let outcomes = await withTaskGroup(of: (Digest, ProofOutcome).self) { group in
            for digest in contents.map({ digestOf($0) }) {
                group.addTask { (digest, await prover.prove(digest, in: layout)) }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        await prover.shutdown()
        for (digest, outcome) in outcomes where digest != damaged { #expect(outcome == .intact) }
        guard case .damaged = outcomes[damaged] else { Issue.record("\(outcomes)"); return }
    }

    @Test("A sha512 blob is hashed whole", arguments: [false, true])
    func sha512(isDamaged: Bool) async throws {
        var content = bytes(Self.size)
        let digest = digestOf(content, .sha512)
        let (layout, _) = try await held([])
        try await layout.put(content, as: digest)
        if isDamaged { content[1_500_000] ^= 1 }
        try scratch.write(content, to: scratch.blobPath(digest))
        let wrong = ProofOutcome.damaged(reason: "its bytes are those of \(digestOf(content, .sha512))")
        #expect(await prove(digest, in: layout, chains: chains()) == (isDamaged ? wrong : .intact))
    }

    @Test("A prover that has ended says that it was cancelled")
    func ended() async throws {
        let (layout, digest) = try await held(bytes(100))
        let prover = BlobProver(threads: 1, urgency: .awaited)
        await prover.shutdown()
        #expect(await prover.prove(digest, in: layout) == .cancelled)
        #expect(layout.size(of: digest) == 100)
    }
}

/// A store of one blob, whose reader gives a few bytes at a time.
private struct SteppedStore: ProvableStore {
    let digest: Digest
    private let content: [UInt8]
    private let step: Int64

    init(_ content: [UInt8], step: Int64) {
        digest = digestOf(content)
        self.content = content
        self.step = step
    }

    func open(_ digest: Digest) async throws(ContentError) -> (any BlobReader)? { nil }
    func size(of digest: Digest) -> Int64? { Int64(content.count) }
    func blobs() -> [BlobInfo] { [] }
    func changes() -> AsyncStream<StoreChange> { AsyncStream { $0.finish() } }
    func provable() -> [ProvableBlob] { [] }
    func openToProve(_ digest: Digest) async throws(ContentError) -> ProofReading? {
        ProofReading(
            reader: SteppedReader(content: content, step: step),
            identity: .committed(size: Int64(content.count), at: 1))
    }
    func proved(_ digest: Digest, as identity: FileIdentity) async {}
    func withdraw(_ digest: Digest, because reason: String) async {}
}
