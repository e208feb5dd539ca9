import Content
import Logging
import NIOPosix
import OCI
import ServiceLifecycle
import Synchronization
import Transfer

/// Reads blobs again: what was never hashed here, what is younger than a crash, everything once per period of the scrub, and
/// what `shoal verify` names. A blob at fault is withdrawn and told of loudly.
final class Verification: Service, Verifying {
    /// How often the marker is touched and what was proven is written down.
    private static let tick: Duration = .seconds(10)
    /// How often the background looks for work where nothing changes, in ticks.
    private static let lookEvery = 6
    /// Between two looks, however much changes: a pull makes many changes.
    private static let lookRest: Duration = .seconds(1)
    /// How long a blob is left alone that could not be read, or that its store did not have.
    private static let unreadableRest: Duration = .seconds(3600)
    private static let goneRest: Duration = .seconds(60)
    /// A runtime that has not come up so long after the start is not waited for: what is younger than a crash is known.
    private static let settlingTime: Duration = .seconds(600)
    /// The longest pause between two regions that nobody waits for.
    private static let longestPause: Duration = .seconds(1)

    private let places: [ProofPlace]
    private let ledgers: [ProofLedger]
    private let marker: RunMarker?
    private let catalog: any BlobCatalog
    private let idle: BlobProver
    private let awaited: BlobProver
    private let logger: Logger
    private let schedule: Mutex<ProofSchedule>
    private let isVerifying = Mutex(false)
    private let jobs: AsyncStream<VerifyJob>
    private let newJob: AsyncStream<VerifyJob>.Continuation
    /// Rings when there may be something to prove.
    private let bell: AsyncStream<Void>
    private let ring: AsyncStream<Void>.Continuation
    private let started = ContinuousClock.now

    /// - Parameters:
    ///   - ledgers: those of the places; written down now and then.
    ///   - marker: touched for as long as this runs.
    ///   - idle: reads what nobody waits for: for `shoal verify` as many blobs at once as it is wide, in the background as many as one
    ///     thread hashes beside each other.
    ///   - awaited: reads what nobody would be offered before.
    ///   - period: of the scrub, in seconds; nil: no scrub.
    init(
        places: [ProofPlace], ledgers: [ProofLedger], marker: RunMarker?, catalog: any BlobCatalog, idle: BlobProver,
        awaited: BlobProver, period: Int64?, logger: Logger
    ) {
        self.places = places
        self.ledgers = ledgers
        self.marker = marker
        self.catalog = catalog
        self.idle = idle
        self.awaited = awaited
        self.logger = logger
        schedule = Mutex(ProofSchedule(period: period, now: .now))
        (jobs, newJob) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        (bell, ring) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Somebody wants a blob, or would take it if it were proven: it is proven earlier than others.
    func asked(_ digest: Digest) {
        schedule.withLock { $0.ask(for: digest) }
    }

    // MARK: Service

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for place in self.places {
                    let changes = place.store.changes()
                    group.addTask { for await _ in changes { self.ring.yield() } }
                }
                group.addTask { await self.keepTime() }
                group.addTask { await self.workJobs() }
                group.addTask { await self.workBackground() }
            }
        }
        newJob.finish()
        settle()
        await flush()
    }

    private func keepTime() async {
        var ticks = 0
        repeat {
            marker?.touch()
            await flush()
            if ticks % Self.lookEvery == 0 {
                ring.yield()
                settle()
            }
            ticks += 1
        } while (try? await Task.sleep(for: Self.tick)) != nil
    }

    /// Writes down what was proven, on a thread that may wait for the disk. Cancelling does not stop it: the last time is when
    /// the agent stops.
    private func flush() async {
        await withCheckedContinuation { done in
            NIOThreadPool.singleton.submit { [ledgers] _ in
                for ledger in ledgers { ledger.flush() }
                done.resume()
            }
        }
    }

    private func settle() {
        guard let marker, catalog.isComplete || started.duration(to: .now) >= Self.settlingTime,
            !items().contains(where: { $0.blob.isHeldBack && !$0.blob.isDoubted })
        else { return }
        marker.settle()
    }

    // MARK: What somebody watches

    func verify(_ query: VerifyQuery) async -> VerifyStart {
        let isAsked = filter(query)
        let items = items().filter { isAsked($0.blob.digest) }
        let known = knownFaults().filter { isAsked($0.digest) }
        guard !items.isEmpty || !known.isEmpty || query == .everything else { return .notHeld }
        let isFirst = isVerifying.withLock { isVerifying in
            defer { isVerifying = true }
            return !isVerifying
        }
        guard isFirst else { return .busy }
        let (job, events) = VerifyJob.make(query, items, known: known)
        if case .terminated = newJob.yield(job) { return .busy }
        return .begun(events)
    }

    private func workJobs() async {
        for await job in jobs {
            await job.run(width: idle.width) { item, progress in
                await self.prove(item, self.idle, progress: progress)
            }
            // Whoever has read the last line may ask again.
            isVerifying.withLock { $0 = false }
            job.end()
        }
    }

    private func filter(_ query: VerifyQuery) -> (Digest) -> Bool {
        switch query {
        case .everything: return { _ in true }
        case .one(.digest(let digest)): return { $0 == digest }
        case .one(.image(let reference)):
            let content = catalog.content(named: reference)
            return { content.contains($0) }
        }
    }

    /// What was found before and is still as it was: it need not be read again to be told of.
    private func knownFaults() -> [VerifyFault] {
        places.flatMap { place in
            place.store.damaged().compactMap { blob in
                let item = ProofItem(
                    place: place.place, blob: ProvableBlob(digest: blob.digest, size: blob.size, provenAt: nil))
                return fault(.damaged(reason: blob.reason), item)
            }
        }
    }

    // MARK: What nobody watches

    private func workBackground() async {
        for await _ in bell {
            while !Task.isCancelled, await step() {}
            try? await Task.sleep(for: Self.lookRest)
        }
    }

    /// - Returns: Whether there may be more to do.
    private func step() async -> Bool {
        let items = items()
        switch schedule.withLock({ $0.next(among: items, now: .now, time: WallClock.now) }) {
        case .rest: return false
        case .release(let items): await prove(items, awaited)
        case .prove(let items), .scrub(let items):
            // As long a pause as the work took: a battery and a fan are shared too.
            await prove(items, idle, pace: { try await Task.sleep(for: min($0, Self.longestPause)) })
        }
        return true
    }

    /// Begins in their order; as many at once as are hashed beside each other.
    private func prove(
        _ items: [ProofItem], _ prover: BlobProver, pace: @escaping @Sendable (Duration) async throws -> Void = { _ in }
    ) async {
        await withTaskGroup(of: Void.self) { group in
            for (index, item) in items.enumerated() where !Task.isCancelled {
                if index >= prover.lanes { await group.next() }
                group.addTask { _ = await self.prove(item, prover, pace: pace) }
            }
        }
    }

    private func items() -> [ProofItem] {
        places.flatMap { place in place.store.provable().map { ProofItem(place: place.place, blob: $0) } }
    }

    // MARK: One blob

    private func prove(
        _ item: ProofItem, _ prover: BlobProver, pace: @Sendable (Duration) async throws -> Void = { _ in },
        progress: @escaping @Sendable (Int64) -> Void = { _ in }
    ) async -> (ProofOutcome, VerifyFault?) {
        guard let store = places.first(where: { $0.place == item.place })?.store else { return (.gone, nil) }
        let found = FoundFault()
        let outcome = await prover.prove(item.blob.digest, in: store, pace: pace, progress: progress) { outcome in
            found.fault = self.fault(outcome, item)
        }
        switch outcome {
        case .intact, .cancelled: break
        case .gone: refuse(item, for: Self.goneRest)
        case .unreadable:
            found.fault = fault(outcome, item)
            refuse(item, for: Self.unreadableRest)
        case .damaged, .missing: break
        }
        if let fault = found.fault { log(fault) }
        return (outcome, found.fault)
    }

    private func refuse(_ item: ProofItem, for rest: Duration) {
        schedule.withLock { $0.refuse(item.id, until: .now + rest) }
    }

    private func fault(_ outcome: ProofOutcome, _ item: ProofItem) -> VerifyFault? {
        VerifyFault(outcome, item, catalog: catalog)
    }

    private func log(_ fault: VerifyFault) {
        var metadata: Logger.Metadata = [
            "digest": "\(fault.digest)", "reason": "\(fault.reason)", "place": "\(fault.place.rawValue)",
        ]
        if !fault.images.isEmpty {
            metadata["images"] = "\(fault.images.map(\.description).joined(separator: ", "))"
        }
        if fault.fault == .unreadable {
            logger.warning("a blob cannot be read to verify it; it stays as it is", metadata: metadata)
            return
        }
        metadata["mend"] = "\(fault.mend.isEmpty ? fault.note : fault.mend.joined(separator: " && "))"
        logger.error("a blob is \(fault.fault.rawValue) on the disk; it is not offered any more", metadata: metadata)
    }
}

/// What a proof's closure has found.
private final class FoundFault: Sendable {
    private let found = Mutex<VerifyFault?>(nil)

    var fault: VerifyFault? {
        get { found.withLock { $0 } }
        set { found.withLock { $0 = newValue } }
    }
}
