import OCI
import Testing

@testable import Agent

@Suite("The sum of a pull")
struct PullLedgerTests {
    private let start = ContinuousClock.now

    private func digest(_ byte: UInt8) throws -> Digest {
        try Digest(algorithm: .sha256, bytes: [UInt8](repeating: byte, count: 32))
    }

    @Test("ends with its last blob and adds up what came from where")
    func sum() throws {
        var ledger = PullLedger()
        _ = ledger.manifest("a:1", try digest(1), blobs: [try digest(2), try digest(3)], bytes: .init(), now: start)
        for blob in [try digest(2), try digest(3)] { ledger.blobBegan(blob, now: start) }
        let later = start.advanced(by: .seconds(2))
        #expect(ledger.blobEnded(try digest(2), bytes: .init(peers: 10), isWhole: true, now: later) == [])
        let ended = ledger.blobEnded(try digest(3), bytes: .init(upstream: 5), isWhole: true, now: later)
        #expect(ended.map(\.bytes) == [.init(store: 0, peers: 10, upstream: 5)])
        #expect(ended.first?.blobs == 2)
    }

    @Test("ends when it has been quiet, as layers that the runtime has are never asked for")
    func quiet() throws {
        var ledger = PullLedger()
        _ = ledger.manifest("a:1", try digest(1), blobs: [try digest(2), try digest(3)], bytes: .init(), now: start)
        ledger.blobBegan(try digest(2), now: start)
        #expect(ledger.expire(now: start.advanced(by: .seconds(60))) == [], "a blob is still going out")
        _ = ledger.blobEnded(try digest(2), bytes: .init(store: 1), isWhole: true, now: start)
        #expect(ledger.expire(now: start.advanced(by: .seconds(9))) == [])
        #expect(ledger.expire(now: start.advanced(by: .seconds(10))).map(\.blobs) == [1])
    }

    @Test("says nothing of a manifest whose blobs nobody asked for")
    func manifestOnly() throws {
        var ledger = PullLedger()
        _ = ledger.manifest("a:1", try digest(1), blobs: [try digest(2)], bytes: .init(), now: start)
        #expect(ledger.expire(now: start.advanced(by: .seconds(60))) == [])
    }

    @Test("keeps a bounded number of pulls")
    func bounded() throws {
        var ledger = PullLedger()
        for index in 0..<(PullLedger.limit + 10) {
            var bytes = [UInt8](repeating: 0, count: 32)
            bytes[0] = UInt8(index & 0xff)
            bytes[1] = UInt8(index >> 8)
            let manifest = try Digest(algorithm: .sha256, bytes: bytes)
            let evicted = ledger.manifest("a", manifest, blobs: [try digest(9)], bytes: .init(), now: start)
            #expect((evicted != nil) == (index >= PullLedger.limit))
        }
    }
}
