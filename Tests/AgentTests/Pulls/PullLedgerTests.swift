import Discovery
import OCI
import Testing
import Transfer

@testable import Agent

@Suite("The sum of a pull")
struct PullLedgerTests {
    private let start = ContinuousClock.now
    private let peer = NodeID.random()

    private func document(_ image: String, _ digest: UInt8, blobs: [UInt8] = [], children: [UInt8] = []) throws
        -> PullLedger.Document
    {
        PullLedger.Document(
            image: image, digest: try .sample(digest), size: 100, source: .upstream,
            blobs: try blobs.map { try .sample($0) }, children: try children.map { try .sample($0) })
    }

    @Test("ends with its last blob and adds up what came from where, manifest included")
    func sum() throws {
        var ledger = PullLedger()
        _ = ledger.manifest(try document("a:1", 1, blobs: [2, 3]), now: start)
        for blob in [try Digest.sample(2), try .sample(3)] { ledger.blobBegan(blob, now: start) }
        let later = start.advanced(by: .seconds(2))
        let first = BlobAnswer(size: 10, given: 10, way: .direct(.peer(peer)))
        #expect(ledger.blobEnded(try .sample(2), first, now: later) == [])
        let second = BlobAnswer(size: 5, given: 5, way: .direct(.upstream))
        let ended = ledger.blobEnded(try .sample(3), second, now: later)
        #expect(ended.map(\.bytes) == [.init(store: 0, peers: 10, upstream: 105)])
        #expect(ended.first?.blobs.map(\.digest) == [try .sample(1), try .sample(2), try .sample(3)])
        #expect(ended.first?.outcome == .complete)
        #expect(ended.first?.last == later)
    }

    @Test("is not over before a blob has been given whole, in however many ranges")
    func ranges() throws {
        var ledger = PullLedger()
        _ = ledger.manifest(try document("a:1", 1, blobs: [2]), now: start)
        for given: Int64 in [4, 3] {
            ledger.blobBegan(try .sample(2), now: start)
            let part = BlobAnswer(size: 10, given: given, way: .direct(.store))
            #expect(ledger.blobEnded(try .sample(2), part, now: start) == [])
        }
        ledger.blobBegan(try .sample(2), now: start)
        let rest = ledger.blobEnded(
            try .sample(2), BlobAnswer(size: 10, given: 3, way: .direct(.store)), now: start)
        #expect(rest.first?.bytes.store == 10)
        #expect(rest.first?.blobs.last?.isWhole == true)
    }

    @Test("ends when it has been quiet, as layers that the runtime has are never asked for")
    func quiet() throws {
        var ledger = PullLedger()
        _ = ledger.manifest(try document("a:1", 1, blobs: [2, 3]), now: start)
        ledger.blobBegan(try .sample(2), now: start)
        #expect(ledger.expire(now: start.advanced(by: .seconds(60))) == [], "a blob is still going out")
        _ = ledger.blobEnded(try .sample(2), BlobAnswer(size: 1, given: 1, way: .direct(.store)), now: start)
        #expect(ledger.expire(now: start.advanced(by: .seconds(9))) == [])
        let over = ledger.expire(now: start.advanced(by: .seconds(10)))
        #expect(over.map(\.outcome) == [.complete])
        #expect(over.first?.blobs.count == 2, "the manifest, and the blob that was asked for")
    }

    @Test("says nothing of a manifest whose blobs nobody asked for")
    func manifestOnly() throws {
        var ledger = PullLedger()
        _ = ledger.manifest(try document("a:1", 1, blobs: [2]), now: start)
        #expect(ledger.expire(now: start.advanced(by: .seconds(60))) == [])
    }

    @Test("is called by the name of the index that led to its manifest, for a minute")
    func index() throws {
        var ledger = PullLedger()
        _ = ledger.manifest(try document("a:latest", 8, children: [1]), now: start)
        let soon = start.advanced(by: .seconds(1))
        _ = ledger.manifest(try document("a@sha256:01", 1, blobs: [2]), now: soon)
        ledger.blobBegan(try .sample(2), now: soon)
        let pull = ledger.blobEnded(
            try .sample(2), BlobAnswer(size: 1, given: 1, way: .direct(.store)), now: soon
        ).first
        #expect(pull?.image == "a:latest")
        #expect(pull?.digest == (try .sample(8)))
        #expect(pull?.began == start)
        let late = start.advanced(by: .seconds(100))
        _ = ledger.manifest(try document("a@sha256:01", 1, blobs: [2]), now: late)
        ledger.blobBegan(try .sample(2), now: late)
        let next = ledger.blobEnded(try .sample(2), BlobAnswer(size: 1, given: 1, way: .direct(.store)), now: late)
        #expect(next.first?.image == "a@sha256:01")
    }

    @Test("is called by the tag that was asked for just before its digest")
    func tag() throws {
        var ledger = PullLedger()
        ledger.called("a:latest", try .sample(1), now: start)
        var document = try document("a@sha256:01", 1, blobs: [2])
        document.isByDigest = true
        _ = ledger.manifest(document, now: start)
        ledger.blobBegan(try .sample(2), now: start)
        let pull = ledger.blobEnded(
            try .sample(2), BlobAnswer(size: 1, given: 1, way: .direct(.store)), now: start)
        #expect(pull.map(\.image) == ["a:latest"])
    }

    @Test("that got nothing of a blob is not complete, and says why")
    func failed() throws {
        var ledger = PullLedger()
        _ = ledger.manifest(try document("a:1", 1, blobs: [2, 3]), now: start)
        for blob in [try Digest.sample(2), try .sample(3)] { ledger.blobBegan(blob, now: start) }
        _ = ledger.blobEnded(try .sample(2), BlobAnswer(failure: "no source is left"), now: start)
        _ = ledger.blobEnded(try .sample(3), BlobAnswer(size: 5, given: 5, way: .direct(.store)), now: start)
        let pull = try #require(ledger.drain().first)
        #expect(pull.outcome == .partial)
        let entry = JournalEntry(pull, now: start, wall: .now) { _ in nil }
        #expect(entry.blobs.map(\.outcome) == ["complete", "failed", "complete"])
        #expect(entry.blobs[1].failure == "no source is left")
        #expect(entry.blobs[1].verified == "none")
    }

    @Test("keeps a bounded number of pulls, of indexes, and of blobs in a pull")
    func bounded() throws {
        func number(_ index: Int) throws -> Digest {
            var bytes = [UInt8](repeating: 0, count: 32)
            (bytes[0], bytes[1]) = (UInt8(index & 0xff), UInt8(index >> 8))
            return try Digest(algorithm: .sha256, bytes: bytes)
        }
        var ledger = PullLedger()
        for index in 0..<(PullLedger.limit + 10) {
            var document = try document("a", 0, blobs: [9])
            document.digest = try number(index)
            #expect((ledger.manifest(document, now: start) != nil) == (index >= PullLedger.limit))
        }
        var pull = PullAccount("a", by: .mirror, now: start)
        for index in 0..<(PullAccount.blobLimit + 10) {
            pull.answered(try number(index), BlobAnswer(size: 1, given: 1, way: .direct(.store)), now: start)
        }
        #expect(pull.blobs.count == PullAccount.blobLimit)
        #expect(pull.bytes.store == Int64(PullAccount.blobLimit + 10), "what is not told apart counts all the same")
    }
}
