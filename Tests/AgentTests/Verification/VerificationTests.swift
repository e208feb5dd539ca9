import Content
import Glibc
import Integrity
import Logging
import OCI
import Synchronization
import SystemPackage
import Testing

@testable import Agent

/// The whole service over real files.
@Suite(.timeLimit(.minutes(2))) struct VerificationTests {
    private let folder: TemporaryFolder
    private let prover = BlobProver(threads: 2, urgency: .idle)
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init() throws {
        folder = try TemporaryFolder()
    }

    private func layout(_ contents: [[UInt8]]) async throws -> (ImageLayout, ProofLedger) {
        let ledger = ProofLedger(path: folder.path.appending("proofs").appending("store"), logger: logger)
        let layout = try ImageLayout(
            directory: folder.path.appending("store"), capacity: 1 << 30, proofs: ledger, logger: logger)
        for content in contents { try await layout.put(content, as: ContentHasher.digest(of: content)) }
        return (layout, ledger)
    }

    private func verification(
        _ store: any ProvableStore, _ ledgers: [ProofLedger] = [], catalog: StubCatalog = StubCatalog(),
        period: Int64? = nil
    ) -> Verification {
        Verification(
            places: [ProofPlace(place: .store, store: store)], ledgers: ledgers, marker: nil, catalog: catalog,
            idle: prover, awaited: prover, period: period, logger: logger)
    }

    /// Runs the service for as long as the body takes.
    private func running<Value: Sendable>(
        _ verification: Verification, _ body: @Sendable @escaping () async throws -> Value
    ) async throws -> Value {
        let value = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await verification.run() }
            defer { group.cancelAll() }
            return try await body()
        }
        await prover.shutdown()
        return value
    }

    private func all(of start: VerifyStart) async -> [VerifyEvent] {
        guard case .begun(let stream) = start else { return [] }
        var events: [VerifyEvent] = []
        for await event in stream { events.append(event) }
        return events
    }

    private func path(_ content: [UInt8]) -> String {
        folder.path.appending("store/blobs/sha256/\(ContentHasher.digest(of: content).hex)").string
    }

    private func overwrite(_ content: [UInt8]) throws {
        let file = try FileDescriptor.open(FilePath(path(content)), .writeOnly)
        try file.closeAfter { _ = try file.writeAll(toAbsoluteOffset: 3, [content[3] ^ 1]) }
    }

    @Test("a blob whose damage is known is told of again, though it is not read")
    func knownDamage() async throws {
        let lost = ContentHasher.digest(of: [9])
        let store = MemoryStore(
            [[1, 2, 3]], known: [DamagedBlob(digest: lost, size: 1, reason: "its bytes are others")])
        let verification = verification(store)
        let events = try await running(verification) { await all(of: verification.verify(.everything)) }
        let faults = events.compactMap { event in if case .fault(let fault) = event { fault } else { nil } }
        #expect(faults.map(\.digest) == [lost])
        #expect(faults.first?.fault == .damaged)
        guard case .end(let summary)? = events.last else {
            Issue.record("the job has no last line")
            return
        }
        #expect(summary.damaged == 1 && summary.intact == 1 && !summary.isFine)
    }

    @Test("all that is intact is counted, and the ledger is written at the end")
    func intact() async throws {
        let contents = (0..<5).map { [UInt8](repeating: $0, count: 1000) }
        let (layout, ledger) = try await layout(contents)
        let verification = verification(layout, [ledger])
        let events = try await running(verification) {
            await all(of: await verification.verify(.everything))
        }
        #expect(events.first == .begin(VerifyScope(query: "everything", blobs: 5, bytes: 5000)))
        guard case .end(let summary) = events.last else {
            Issue.record("no end")
            return
        }
        #expect(summary.intact == 5)
        #expect(summary.bytes == 5000)
        #expect(summary.isFine)
        let again = ProofLedger(path: folder.path.appending("proofs").appending("store"), logger: logger)
        #expect(again.provenAt(ContentHasher.digest(of: contents[0])) != nil)
    }

    @Test("a damaged, a missing and an unreadable blob are told with their images, and the first two withdrawn")
    func faults() async throws {
        let contents = (0..<4).map { [UInt8](repeating: $0, count: 1000) }
        let (layout, ledger) = try await layout(contents)
        try overwrite(contents[0])
        unlink(path(contents[1]))
        unlink(path(contents[2]))
        mkdir(path(contents[2]), 0o700)
        let verification = verification(
            layout, [ledger], catalog: StubCatalog(owners: [BlobOwner(name: "docker.io/library/app:1")]))
        let events = try await running(verification) {
            await all(of: await verification.verify(.everything))
        }
        let faults = events.compactMap { event -> VerifyFault? in
            if case .fault(let fault) = event { fault } else { nil }
        }
        #expect(Set(faults.map(\.fault)) == [.damaged, .missing, .unreadable])
        #expect(faults.allSatisfy { $0.images == [BlobOwner(name: "docker.io/library/app:1")] && $0.imageCount == 1 })
        #expect(faults.first { $0.fault == .damaged }?.digest == ContentHasher.digest(of: contents[0]))
        guard case .end(let summary) = events.last else {
            Issue.record("no end")
            return
        }
        #expect((summary.intact, summary.damaged, summary.missing, summary.unreadable) == (1, 1, 1, 1))
        #expect(!summary.isFine)
        #expect(layout.blobs().count == 2)
    }

    @Test("an image's name stands for all that it consists of, a digest for its blob, and what is not here is said")
    func scopes() async throws {
        let contents = (0..<4).map { [UInt8](repeating: $0, count: 1000) }
        let digests = contents.map { ContentHasher.digest(of: $0) }
        let (layout, ledger) = try await layout(contents)
        let catalog = StubCatalog(
            manifests: ["docker.io/library/app:1": digests[0]], children: [digests[0]: [digests[1], digests[2]]])
        let verification = verification(layout, [ledger], catalog: catalog)
        try await running(verification) {
            let image = await all(of: await verification.verify(try VerifyQuery("app:1")))
            #expect(image.first == .begin(VerifyScope(query: "docker.io/library/app:1", blobs: 3, bytes: 3000)))
            let blob = await all(of: await verification.verify(try VerifyQuery(digests[3].description)))
            #expect(blob.first == .begin(VerifyScope(query: digests[3].description, blobs: 1, bytes: 1000)))
            guard case .notHeld = await verification.verify(try VerifyQuery("other")) else {
                Issue.record("what is not here was verified")
                return
            }
        }
    }

    @Test("one at a time: a second is told so, and may begin once the first has ended because nobody watches it")
    func oneAtATime() async throws {
        let store = GatedStore()
        let verification = verification(store)
        try await running(verification) {
            do {
                let first = await verification.verify(.everything)
                guard case .begun(let stream) = first else {
                    Issue.record("not begun")
                    return
                }
                var iterator = stream.makeAsyncIterator()
                _ = await iterator.next()
                guard case .busy = await verification.verify(.everything) else {
                    Issue.record("two at once")
                    return
                }
                while store.hanging.withLock({ $0 }) == 0 { await Task.yield() }
            }
            // The stream was dropped: the job, which hangs in its blob, is cancelled.
            while case .busy = await verification.verify(.everything) { await Task.yield() }
        }
        #expect(store.cancelled.withLock { $0 } >= 1)
    }

    @Test("what is unproven is proven in the background, without anybody asking")
    func background() async throws {
        let content = [UInt8](repeating: 7, count: 1000)
        let (layout, _) = try await layout([content])
        let store = UnprovenStore(layout)
        let verification = verification(store)
        try await running(verification) {
            for await _ in store.proofs { break }
        }
    }

    @Test("five thousand blobs are verified")
    func many() async throws {
        let contents = (0..<5000).map { number in withUnsafeBytes(of: number) { Array($0) } }
        let store = MemoryStore(contents)
        let verification = verification(store)
        let events = try await running(verification) {
            await all(of: await verification.verify(.everything))
        }
        guard case .end(let summary) = events.last else {
            Issue.record("no end")
            return
        }
        #expect(summary.intact == 5000)
    }
}
