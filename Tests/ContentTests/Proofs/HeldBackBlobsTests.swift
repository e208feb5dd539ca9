import Glibc
import OCI
import SystemPackage
import Testing

@testable import Content

@Suite("Blobs of the layout that are younger than a crash")
struct HeldBackBlobsTests {
    private let window = CrashWindow(since: 5_000_000_000_000, until: 6_000_000_000_000)
    /// Of the suite, so that it lives as long as the test.
    private let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    /// A store that was written to before a crash: the blobs' files have the age given, in seconds since 1970.
    private func store(_ ages: [[UInt8]: Int]) async throws {
        let layout = try scratch.layout()
        for (content, age) in ages {
            let digest = digestOf(content)
            try await layout.put(content, as: digest)
            let times = [timespec(tv_sec: age, tv_nsec: 0), timespec(tv_sec: age, tv_nsec: 0)]
            #expect(utimensat(AT_FDCWD, scratch.blobPath(digest).string, times, 0) == 0)
        }
    }

    private func reopened() throws -> ImageLayout {
        let log = LogRecorder().logger
        return try ImageLayout(
            directory: scratch.store, capacity: 1 << 30,
            proofs: ProofLedger(path: scratch.path.appending("proofs"), window: window, logger: log), window: window,
            logger: log)
    }

    private func prove(_ digest: Digest, in layout: ImageLayout) async -> ProofOutcome {
        let prover = BlobProver(threads: 1, urgency: .awaited)
        let outcome = await prover.prove(digest, in: layout)
        await prover.shutdown()
        return outcome
    }

    @Test("They are not listed and not opened, older ones are")
    func heldBack() async throws {
        try await store([bytes(10): 4_999, bytes(20): 5_500])
        let layout = try reopened()
        #expect(layout.blobs() == [BlobInfo(digest: digestOf(bytes(10)), size: 10)])
        #expect(layout.size(of: digestOf(bytes(20))) == nil)
        let blob = try await layout.open(digestOf(bytes(20)))
        #expect(blob == nil)
        #expect(Set(layout.provable().filter(\.isHeldBack).map(\.digest)) == [digestOf(bytes(20))])
        #expect(layout.usage.bytes == 30)
    }

    @Test("Once proven they are told of, and after the next start too")
    func proven() async throws {
        try await store([bytes(20): 5_500])
        let layout = try reopened()
        var changes = layout.changes().makeAsyncIterator()
        #expect(await prove(digestOf(bytes(20)), in: layout) == .intact)
        #expect(await changes.next() == .added(BlobInfo(digest: digestOf(bytes(20)), size: 20)))
        #expect(layout.size(of: digestOf(bytes(20))) == 20)
        layout.proofs?.flush()
        #expect(try reopened().size(of: digestOf(bytes(20))) == 20)
    }

    @Test("A damaged one is removed without ever having been offered")
    func damaged() async throws {
        try await store([bytes(20): 5_500])
        let digest = digestOf(bytes(20))
        try scratch.write([UInt8](repeating: 0, count: 20), to: scratch.blobPath(digest))
        let times = [timespec(tv_sec: 5_500, tv_nsec: 0), timespec(tv_sec: 5_500, tv_nsec: 0)]
        #expect(utimensat(AT_FDCWD, scratch.blobPath(digest).string, times, 0) == 0)
        let layout = try reopened()
        guard case .damaged = await prove(digest, in: layout) else { Issue.record("not damaged"); return }
        #expect(layout.provable().isEmpty)
        #expect(!scratch.exists(scratch.blobPath(digest)))
    }

    @Test("One that could not be read is held back at the next start too, until it has been proven")
    func unreadable() async throws {
        try await store([bytes(20): 4_000])
        let digest = digestOf(bytes(20))
        let first = try reopened()
        let reader = try #require(try await first.open(digest))
        #expect(await !reader.unreadable(because: "the disk fails"))
        #expect(first.size(of: digest) == nil)
        first.proofs?.flush()
        let second = try reopened()
        #expect(second.size(of: digest) == nil)
        #expect(second.provable().map(\.isHeldBack) == [true])
        #expect(await prove(digest, in: second) == .intact)
        #expect(second.size(of: digest) == 20)
    }

    @Test("One that has come anew is not held back, nor removed, for what its former file was")
    func replaced() async throws {
        try await store([bytes(20): 4_000])
        let digest = digestOf(bytes(20))
        let layout = try reopened()
        let readers = (try #require(try await layout.open(digest)), try #require(try await layout.open(digest)))
        let former = try #require(FileIdentity(at: scratch.blobPath(digest)))
        #expect(await !readers.0.unreadable(because: "the disk fails"))
        #expect(layout.size(of: digest) == nil)
        try await layout.put(bytes(20), as: digest)
        #expect(layout.size(of: digest) == 20)
        #expect(await !readers.1.unreadable(because: "the disk fails"))
        #expect(layout.size(of: digest) == 20)
        await layout.withdraw(digest, file: former, because: "its bytes are those of another")
        await layout.withdraw(digest, file: nil, because: "its file is missing")
        #expect(layout.size(of: digest) == 20 && scratch.exists(scratch.blobPath(digest)))
        let now = try #require(FileIdentity(at: scratch.blobPath(digest)))
        await layout.withdraw(digest, file: now, because: "its bytes are those of another")
        #expect(layout.size(of: digest) == nil && !scratch.exists(scratch.blobPath(digest)))
    }

    @Test("What arrives anew takes the place of one that is held back")
    func arrival() async throws {
        try await store([bytes(20): 5_500])
        let layout = try reopened()
        var changes = layout.changes().makeAsyncIterator()
        try await layout.put(bytes(20), as: digestOf(bytes(20)))
        #expect(await changes.next() == .added(BlobInfo(digest: digestOf(bytes(20)), size: 20)))
        #expect(layout.provable().filter(\.isHeldBack).isEmpty)
        #expect(layout.usage.bytes == 20)
    }

    @Test("Manifests that the index names are proven at the start: no image is lost")
    func manifests() async throws {
        let image = try TestImage("app", layers: [bytes(1_000)])
        let first = try scratch.layout()
        try await image.put(into: first)
        try await first.record(try image.record("docker.io/library/app:1"))
        for blob in image.layers + [image.config, image.manifest] {
            let times = [timespec(tv_sec: 5_500, tv_nsec: 0), timespec(tv_sec: 5_500, tv_nsec: 0)]
            #expect(utimensat(AT_FDCWD, scratch.blobPath(digestOf(blob)).string, times, 0) == 0)
        }
        let layout = try reopened()
        #expect(layout.images().count == 1)
        #expect(layout.size(of: image.digest) != nil)
        #expect(!layout.children(of: image.digest).isEmpty)
    }

    @Test("What arrives is noted as proven, what was there before counts from its arrival")
    func account() async throws {
        try await store([bytes(10): 4_000])
        let layout = try reopened()
        #expect(layout.proofs?.provenAt(digestOf(bytes(10))) == 4_000)
        try await layout.put(bytes(30), as: digestOf(bytes(30)))
        #expect(try #require(layout.proofs?.provenAt(digestOf(bytes(30)))) > 1_000_000_000)
    }
}
