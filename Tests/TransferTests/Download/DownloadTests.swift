import Content
import Discovery
import Integrity
import Logging
import NIOPosix
import OCI
import Synchronization
import SystemPackage
import Testing

@testable import Transfer

@Suite("A download", .serialized)
struct DownloadTests {
    private static let MiB = 1 << 20
    private let peer = NodeID.random()
    private let other = NodeID.random()

    private func blob(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var random = SplitMix(seed: seed)
        return (0..<(count + 7) / 8).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } }.prefix(count)
            .map(\.self)
    }

    /// Runs a download over scripted sources while `body` reads from it.
    private func withDownload<T: Sendable>(
        of blob: [UInt8], digest: Digest? = nil, from sources: ScriptedSources, size: Int64? = nil, isLast: Bool = true,
        _ body: @Sendable @escaping (Download, ImageLayout) async throws -> T
    ) async throws -> T {
        try await withTemporaryDirectory { directory in
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let layout = try ImageLayout(directory: directory.appending("store"), capacity: 1 << 30, logger: logger)
            let spool = try Spool(directory: directory.appending("spool"))
            let digest = digest ?? ContentHasher.digest(of: blob)
            let context = DownloadContext(
                own: NodeID.random(), store: layout, counters: TransferCounters(), disk: WorkPool(.singleton),
                hashing: WorkPool(.singleton),
                logger: logger, replaced: { _ in }, isLast: { _ in isLast })
            let download = Download(
                digest: digest, size: size, origins: [], spool: try spool.create(digest), sources: sources,
                context: context)
            return try await withThrowingTaskGroup(of: T?.self) { group in
                group.addTask {
                    await download.run()
                    return nil
                }
                group.addTask { try await body(download, layout) }
                defer { group.cancelAll() }
                while let result = try await group.next() {
                    if let result { return result }
                }
                throw CancellationError()
            }
        }
    }

    private func read(_ download: Download, _ intent: DownloadPlan.Intent) async throws -> [UInt8] {
        guard let reader = download.reader(intent, origin: nil) else { throw FetchError(.stopping, "closed") }
        return try await reader.readAll(intent)
    }

    @Test("gives a reader all bytes of upstream with one request, and puts the blob into the store")
    func whole() async throws {
        let blob = blob(9 * Self.MiB + 5)
        let sources = ScriptedSources(blob, upstream: .init())
        try await withDownload(of: blob, from: sources) { download, layout in
            #expect(try await read(download, .toEnd(from: 0)) == blob)
            try await eventually { layout.size(of: download.digest) == Int64(blob.count) }
        }
        #expect(sources.requests == [.init(source: .upstream, range: nil)])
    }

    @Test("asks upstream again for a reader that knows another repository than the one that has refused")
    func otherRepository() async throws {
        let blob = blob(300_000)
        // The first reader waits on: somebody else wants the blob, and may have it soon.
        let sources = ScriptedSources(blob, upstream: .init(.refuse(.refused("404")), .whole), wanting: [other])
        try await withDownload(of: blob, from: sources) { download, _ in
            let origins = try [Origin.of("library/app"), Origin.of("library/other")]
            let first = try #require(download.reader(.toEnd(from: 0), origin: origins[0]))
            try await eventually { download.state.withLock { $0.plan.upstreamRefusal != nil } }
            let second = try #require(download.reader(.toEnd(from: 0), origin: origins[1]))
            for reader in [second, first] { #expect(try await reader.readAll(.toEnd(from: 0)) == blob) }
        }
        #expect(sources.requests.map(\.source) == [.upstream, .upstream])
    }

    @Test("tells at its end who gave what, what failed, and on whose behalf it was begun")
    func record() async throws {
        let blob = blob(9 * Self.MiB + 5)
        let sources = ScriptedSources(blob, upstream: .init(.cut(after: 5 * Self.MiB), .whole))
        let record = try await RequestTrace.$id.withValue("c1-7") {
            try await withDownload(of: blob, from: sources) { download, _ in
                _ = try await read(download, .toEnd(from: 0))
                return download.record
            }
        }
        #expect(record.outcome == .complete && record.verified == .whole && record.failure == nil)
        #expect(record.size == Int64(blob.count) && record.bytes.upstream == Int64(blob.count))
        #expect(record.requestID == "c1-7")
        let upstream = try #require(record.sources.first)
        #expect(record.sources.count == 1 && upstream.source == .upstream)
        #expect(upstream.bytes == Int64(blob.count) && upstream.pieces == 3 && upstream.requests == 2)
        #expect(upstream.failures == [.reset: 1])
    }

    @Test(
        "tells the LAN at its end that the blob is wanted no longer, unless another download wants it",
        arguments: [true, false])
    func withdrawal(isLast: Bool) async throws {
        let blob = blob(1000)
        let sources = ScriptedSources(blob, upstream: .init())
        try await withDownload(of: blob, from: sources, isLast: isLast) { download, _ in
            _ = try await read(download, .toEnd(from: 0))
        }
        #expect(sources.withdrawn == (isLast ? [ContentHasher.digest(of: blob)] : []))
    }

    @Test("ends a request whose source has sent more than there is at once, also where it is silent then")
    func quiet() async throws {
        let blob = blob(300_000)
        let sources = ScriptedSources(blob, upstream: .init(.longAndSilent(70_000)))
        try await withDownload(of: blob, from: sources, size: Int64(blob.count)) { download, _ in
            let reader = Task { try await read(download, .toEnd(from: 0)) }
            try await eventually { download.record.sources.first?.failures == [.wrongAnswer: 1] }
            reader.cancel()
            _ = await reader.result
        }
    }

    @Test("serves many readers of all kinds from one copy of upstream's bytes")
    func manyReaders() async throws {
        let blob = blob(24 * Self.MiB)
        let sources = ScriptedSources(blob, upstream: .init())
        try await withDownload(of: blob, from: sources, size: Int64(blob.count)) { download, _ in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<50 {
                    let lower = index * blob.count / 50
                    let upper = (index + 1) * blob.count / 50
                    group.addTask {
                        let intent: DownloadPlan.Intent =
                            index % 10 == 9 ? .toEnd(from: Int64(lower)) : .closed(Int64(lower)..<Int64(upper))
                        let bytes = try await read(download, intent)
                        #expect(bytes[...] == (index % 10 == 9 ? blob[lower...] : blob[lower..<upper]))
                    }
                }
                try await group.waitForAll()
            }
        }
        #expect(sources.sent(by: .upstream) <= blob.count + 4 * DownloadPlan.upstreamRuns * 64 << 10)
    }

    @Test(
        "gives right bytes whatever a peer does, where upstream can help",
        arguments: [
            ScriptedSources.Script.Answer.cut(after: 0), .cut(after: 1), .cut(after: 5 << 20), .short(0),
            .short(3 << 20),
            .long(1), .long(1 << 20), .wrong(0..<1), .wrong(9 << 20..<(9 << 20) + 1), .refuse(.refused("404")),
            .refuse(.busy("503", retryAfter: nil)), .claims(total: 5), .claims(total: 1 << 40), .shifted(10),
            .fromStart,
        ])
    func faultyPeer(answer: ScriptedSources.Script.Answer) async throws {
        let blob = blob(9 * Self.MiB + 1)
        let sources = ScriptedSources(blob, peers: [peer: .init(answer)], upstream: .init())
        let bytes = try await withDownload(of: blob, from: sources) { download, _ in
            try await read(download, .toEnd(from: 0))
        }
        #expect(bytes == blob)
    }

    @Test("goes on at the byte where a peer broke off, from the next peer")
    func nextPeer() async throws {
        let blob = blob(20 * Self.MiB)
        let sources = ScriptedSources(
            blob, peers: [peer: .init(.cut(after: 7 << 20)), other: .init(.cut(after: 7 << 20))], upstream: .init())
        let bytes = try await withDownload(of: blob, from: sources) { download, _ in
            try await read(download, .toEnd(from: 0))
        }
        #expect(bytes == blob)
        let first = sources.requests.prefix(2)
        #expect(first.map { $0.range?.lowerBound ?? 0 } == [0, 7 << 20])
        #expect(Set(first.map(\.source)) == [.peer(peer), .peer(other)])
        // No byte twice.
        let sent = [.peer(peer), .peer(other), .upstream].map { sources.sent(by: $0) }
        #expect(sent.reduce(0, +) == blob.count)
    }

    @Test(
        "gives right bytes whatever upstream does in passing",
        arguments: [
            ScriptedSources.Script.Answer.cut(after: 0), .cut(after: 1), .cut(after: 5 << 20), .short(0),
            .short(3 << 20),
            .refuse(.broke("reset")), .refuse(.busy("429", retryAfter: .milliseconds(10))), .shifted(10),
        ])
    func faultyUpstream(answer: ScriptedSources.Script.Answer) async throws {
        let blob = blob(9 * Self.MiB + 1)
        let sources = ScriptedSources(blob, upstream: .init(answer, .whole))
        let bytes = try await withDownload(of: blob, from: sources) { download, _ in
            try await read(download, .toEnd(from: 0))
        }
        #expect(bytes == blob)
    }

    @Test("never gives the last byte of a blob whose bytes upstream got wrong, and keeps nothing of it")
    func wrongUpstream() async throws {
        let blob = blob(9 * Self.MiB)
        let sources = ScriptedSources(blob, upstream: .init(.wrong(100..<101)))
        try await withDownload(of: blob, from: sources) { download, layout in
            guard let reader = download.reader(.toEnd(from: 0), origin: nil) else { return }
            var count: Int64 = 0
            await #expect(throws: FetchError.self) {
                while count < blob.count { count += try await reader.next(at: count, limit: .max).length }
            }
            #expect(count == 8 << 20)
            #expect(layout.size(of: download.digest) == nil)
        }
    }

    @Test("fails a reader in bounded time when nobody has the blob")
    func nobody() async throws {
        let blob = blob(100)
        let sources = ScriptedSources(blob)
        try await withDownload(of: blob, from: sources) { download, _ in
            let error = await #expect(throws: FetchError.self) { try await read(download, .toEnd(from: 0)) }
            #expect(error?.code == .notFound)
        }
    }

    @Test("goes on for the others when a reader goes away")
    func readerLeaves() async throws {
        let blob = blob(9 * Self.MiB)
        let sources = ScriptedSources(blob, upstream: .init())
        let bytes = try await withDownload(of: blob, from: sources) { download, _ in
            let first = download.reader(.toEnd(from: 0), origin: nil)
            async let second = read(download, .toEnd(from: 0))
            _ = try await first?.next(at: 0, limit: 1)
            first?.close()
            return try await second
        }
        #expect(bytes == blob)
        #expect(sources.requests.count == 1)
    }

    @Test("gives every reader right bytes under random faults of all sources", arguments: 0..<40)
    func randomFaults(seed: Int) async throws {
        var random = SplitMix(seed: UInt64(seed))
        let blob = blob(1 + random.next(below: 14 << 20), seed: UInt64(seed))
        func script() -> ScriptedSources.Script {
            var script = ScriptedSources.Script()
            script.answers = (0..<random.next(below: 4)).map { _ in
                switch random.next(below: 5) {
                case 0: .cut(after: random.next(below: blob.count))
                case 1: .short(random.next(below: blob.count))
                case 2: .refuse(.broke("reset"))
                case 3: .refuse(.busy("busy", retryAfter: .milliseconds(5)))
                default: .whole
                }
            }
            script.answers.append(.whole)
            script.chunk = 1 << (10 + random.next(below: 10))
            return script
        }
        var peers: [NodeID: ScriptedSources.Script] = [:]
        for _ in 0..<random.next(below: 3) {
            var peer = script()
            if random.next(below: 3) == 0 {
                let at = random.next(below: blob.count)
                peer.answers = [.wrong(at..<at + 1)]
            }
            peers[NodeID.random()] = peer
        }
        let sources = ScriptedSources(blob, peers: peers, upstream: script())
        let intents: [DownloadPlan.Intent] = (0..<1 + random.next(below: 6)).map { _ in
            let lower = random.next(below: blob.count)
            return switch random.next(below: 3) {
            case 0: .toEnd(from: 0)
            case 1: .toEnd(from: Int64(lower))
            default: .closed(Int64(lower)..<Int64(lower + 1 + random.next(below: blob.count - lower)))
            }
        }
        try await withDownload(of: blob, from: sources, size: Int64(blob.count)) { download, _ in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for intent in intents {
                    group.addTask {
                        let bytes = try await read(download, intent)
                        switch intent {
                        case .toEnd(let from): #expect(bytes[...] == blob[Int(from)...])
                        case .closed(let range):
                            #expect(bytes[...] == blob[Int(range.lowerBound)..<Int(range.upperBound)])
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
