public import OCI

/// Reads blobs again and tells whether they still are what they were, on a few threads of its own.
public final class BlobProver: Sendable {
    /// How many bytes are read between two looks at whether anybody still wants to know.
    private static let regionSize: Int64 = 4 << 20

    /// How many blobs are read at once.
    public let width: Int
    private let urgency: ProofUrgency
    private let threads: ProvingThreads
    private let chains: ChainStore?

    /// Starts the threads; ``shutdown()`` ends them.
    /// - Parameter chains: where the chains of blobs are kept; made in passing where there are none yet.
    public init(width: Int, urgency: ProofUrgency, chains: ChainStore? = nil) {
        self.chains = chains
        self.width = width
        self.urgency = urgency
        threads = ProvingThreads(count: width, urgency: urgency)
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
                onFault(outcome)
                await store.withdraw(digest, because: reason)
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
        let hashing = ProofHashing(digest.algorithm)
        var position: Int64 = 0
        var file: (opened: OpenFile, isCold: Bool)?
        while position < size {
            try Task.checkCancellation()
            let began = ContinuousClock.now
            let slice: FileSlice
            do {
                slice = try await reading.reader.next(at: position, limit: min(Self.regionSize, size - position))
            } catch let error as ContentError where Self.isShorter(reading, error) {
                return .damaged(reason: "it was cut short: \(error.message)")
            }
            // Our own reading ahead brings a file into memory, so it is looked at once.
            let isCold = file.flatMap { $0.opened === slice.file ? $0.isCold : nil }
            do {
                let wasCold = try await threads.run {
                    let isCold = isCold ?? ProofHashing.isCold(slice.file)
                    try hashing.update(slice, isCold: isCold)
                    return isCold
                }
                file = (slice.file, wasCold)
            } catch let error as ContentError where error.code == .sizeMismatch {
                return .damaged(reason: error.message)
            }
            position += slice.length
            progress(slice.length)
            if position < size { try await pace(began.duration(to: .now)) }
        }
        let actual = hashing.finish()
        guard actual == digest else { return .damaged(reason: "its bytes are those of \(actual)") }
        if let file, Self.hasChanged(file.opened, since: reading.identity) {
            return .unreadable(reason: "it was written to while it was read")
        }
        return .intact
    }

    private func missing(
        _ digest: Digest, in store: any ProvableStore, _ onFault: @Sendable (ProofOutcome) -> Void
    ) async -> ProofOutcome {
        // The store may have let the blob go since it was asked to open it.
        let isListed = store.provable().contains { $0.digest == digest }
        guard isListed else { return .gone }
        onFault(.missing)
        await store.withdraw(digest, because: "its file is missing")
        return .missing
    }

    /// Whether a reader's error means that bytes of the blob are gone.
    private static func isShorter(_ reading: ProofReading, _ error: ContentError) -> Bool {
        error.code == .sizeMismatch || (try? (reading.reader as? StoredBlob)?.file.size()) ?? .max < reading.reader.size
    }

    private static func hasChanged(_ file: OpenFile, since identity: FileIdentity) -> Bool {
        // Some stores hand out bytes in files of the moment.
        guard let now = try? FileIdentity(of: file), now.inode == identity.inode, now.device == identity.device else {
            return false
        }
        return now != identity
    }
}
