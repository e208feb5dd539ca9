import Integrity
public import OCI

/// Reads blobs again and tells whether they still are what they were, on a few threads of its own: as lanes, across blobs and, where
/// a blob's chain is at hand, across its pieces.
public final class BlobProver: Sendable {
    /// How many bytes of a blob are in memory at once, where it is not a file.
    private static let memoryStep: Int64 = 1 << 20

    /// How many blobs one thread hashes beside each other.
    public var lanes: Int { proofs.width }
    /// How many blobs keep all threads busy.
    public var width: Int { threadCount * proofs.width }
    /// What this has hashed, and found damaged.
    public let tally = HashingTally()
    private let threadCount: Int
    private let threads: ProvingThreads
    private let proofs: ProofLanes
    private let chains: ChainStore?

    /// Starts the threads; ``shutdown()`` ends them.
    /// - Parameter chains: where the chains of blobs are kept; made in passing where there are none yet.
    public init(threads count: Int, urgency: ProofUrgency, chains: ChainStore? = nil) {
        threadCount = count
        self.chains = chains
        threads = ProvingThreads(count: count, urgency: urgency)
        proofs = ProofLanes(threads: threads, count: count, urgency: urgency, tally: tally)
    }

    /// Ends the threads. Proofs that are running end as cancelled.
    public func shutdown() async {
        await threads.shutdown()
    }

    /// Reads a blob whole. The store is told where it is right, and where it is not.
    ///
    /// Cancelling the task ends it soon.
    /// - Parameters:
    ///   - pace: awaited after every region with the time that it took; where nobody waits, that is how a machine is spared.
    ///   - progress: told how many bytes more have been read.
    ///   - onFault: told of a damaged or missing blob before the store withdraws it, while it is known which images need it.
    public func prove(
        _ digest: Digest, in store: any ProvableStore,
        pace: @Sendable (Duration) async throws -> Void = { _ in },
        progress: @Sendable (Int64) -> Void = { _ in },
        onFault: @Sendable (ProofOutcome) -> Void = { _ in }
    ) async -> ProofOutcome {
        do {
            guard let reading = try await store.openToProve(digest) else { return .gone }
            defer { reading.reader.close() }
            let outcome = try await verdict(on: digest, reading, pace, progress)
            switch outcome {
            case .intact: await store.proved(digest, as: reading.identity)
            case .damaged(let reason):
                tally.foundDamage()
                onFault(outcome)
                await store.withdraw(digest, file: reading.identity, because: reason)
            default: break
            }
            return outcome
        } catch let error as ContentError where error.code == .notFound {
            return await missing(digest, in: store, onFault)
        } catch let error as ContentError {
            return .unreadable(reason: error.message)
        } catch {
            return Task.isCancelled || error is CancellationError ? .cancelled : .unreadable(reason: "\(error)")
        }
    }

    private func verdict(
        on digest: Digest, _ reading: ProofReading, _ pace: @Sendable (Duration) async throws -> Void,
        _ progress: @Sendable (Int64) -> Void
    ) async throws -> ProofOutcome {
        let size = reading.reader.size
        guard reading.identity.size == size else {
            return .damaged(reason: "it has \(reading.identity.size) bytes instead of \(size)")
        }
        let opened = OpenedProof(reading: reading, threads: threads)
        do {
            let reason =
                if let empty = HashChain(digest: digest, size: size) {
                    try await fault(of: empty, opened, pace, progress)
                } else {
                    try await fault(of: digest, opened, pace, progress)
                }
            if let reason { return .damaged(reason: reason) }
        } catch let error as ContentError where error.code == .sizeMismatch {
            return .damaged(reason: error.message)
        }
        if opened.hasChanged { return .unreadable(reason: "it was written to while it was read") }
        return .intact
    }

    /// What is wrong with a sha256 blob; nil where nothing is. Its chain is made use of, or made.
    private func fault(
        of empty: HashChain, _ opened: OpenedProof, _ pace: @Sendable (Duration) async throws -> Void,
        _ progress: @Sendable (Int64) -> Void
    ) async throws -> String? {
        // Bytes that do not stand in a file of their own are in memory until they are hashed: then a few at a time.
        let isFile = opened.isFile
        let chain = isFile ? try await stored { $0.chain(of: empty.digest, size: empty.size) } : nil
        var course = ProofCourse(
            empty, chain: chain, step: isFile ? HashChain.pieceSize : Self.memoryStep, width: proofs.width)
        while course.verdict == nil {
            try Task.checkCancellation()
            let began = ContinuousClock.now
            var runs: [ProofRun] = []
            for stretch in course.next { runs.append(try await opened.run(stretch)) }
            let isSecondLook = course.isSecondLook
            course.reached(try await proofs.ends(of: runs))
            if !isSecondLook { progress(runs.reduce(0) { $0 + $1.length }) }
            if course.verdict == nil { try await pace(began.duration(to: .now)) }
        }
        // Whatever was read of a file that somebody wrote to says nothing about the chain.
        let isSteady = !opened.hasChanged
        switch course.verdict {
        case .damaged(let actual, let pieces):
            return "its bytes are those of \(actual)" + PieceNumbers.text(pieces, of: empty.pieces)
        case .refuted(true: let chain) where isSteady:
            try await stored { store -> Void? in
                store.drop(empty.digest, because: "its blob is intact, and not all of its links hold")
                store.keep(chain)
            }
        case .intact(made: let chain?) where isSteady:
            try await stored { store -> Void? in store.keep(chain) }
        default: break
        }
        return nil
    }

    /// What is wrong with a blob whose digest has no chain; nil where nothing is.
    private func fault(
        of digest: Digest, _ opened: OpenedProof, _ pace: @Sendable (Duration) async throws -> Void,
        _ progress: @Sendable (Int64) -> Void
    ) async throws -> String? {
        let hashing = ProofHashing(digest.algorithm)
        var position: Int64 = 0
        while position < opened.size {
            try Task.checkCancellation()
            let began = ContinuousClock.now
            let run = try await opened.run(position..<min(opened.size, position + Self.memoryStep))
            try await threads.run { [tally] in
                let began = ContinuousClock.now
                try hashing.update(run)
                tally.hashed(run.length, since: began)
            }
            position += run.length
            progress(run.length)
            if position < opened.size { try await pace(began.duration(to: .now)) }
        }
        let actual = hashing.finish()
        return actual == digest ? nil : "its bytes are those of \(actual)"
    }

    /// Asks the store of chains, where there is one, on a thread that may wait for the disk.
    @discardableResult private func stored<Value: Sendable>(
        _ work: @escaping @Sendable (ChainStore) -> Value?
    ) async throws -> Value? {
        guard let chains else { return nil }
        return try await threads.run { work(chains) }
    }

    private func missing(
        _ digest: Digest, in store: any ProvableStore, _ onFault: @Sendable (ProofOutcome) -> Void
    ) async -> ProofOutcome {
        // The store may have let the blob go since it was asked to open it.
        let isListed = store.provable().contains { $0.digest == digest }
        guard isListed else { return .gone }
        onFault(.missing)
        await store.withdraw(digest, file: nil, because: "its file is missing")
        return .missing
    }
}
