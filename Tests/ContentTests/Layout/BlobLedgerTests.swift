import OCI
import Testing

@testable import Content

@Suite("The ledger of blobs")
struct BlobLedgerTests {
    private let now = ContinuousClock.now

    private func ledger(_ sizes: [Int64], capacity: Int64 = 100) -> (ledger: BlobLedger, digests: [Digest]) {
        var ledger = BlobLedger(capacity: capacity)
        let digests = sizes.indices.map { digestOf([UInt8($0)]) }
        for (digest, size) in zip(digests, sizes) { ledger.insert(BlobInfo(digest: digest, size: size)) }
        return (ledger, digests)
    }

    @Test("It counts blobs and bytes through coming, coming again and going")
    func counting() {
        var (ledger, digests) = ledger([10, 20, 30])
        ledger.insert(BlobInfo(digest: digests[1], size: 25))
        #expect(ledger.count == 3)
        #expect(ledger.bytes == 65)
        let removed = [ledger.remove(digests[0]), ledger.remove(digests[0])]
        #expect(removed == [10, nil])
        #expect(ledger.bytes == 55)
        #expect(ledger.size(of: digests[1]) == 25)
        #expect(Set(ledger.blobs) == [BlobInfo(digest: digests[1], size: 25), BlobInfo(digest: digests[2], size: 30)])
    }

    @Test(
        "As many as needed go, the ones used longest ago first",
        arguments: [(0, []), (-5, []), (1, [0]), (10, [0]), (11, [0, 1]), (60, [0, 1, 2]), (1000, [0, 1, 2])]
            as [(Int64, [Int])])
    func victims(_ wanted: Int64, _ expected: [Int]) {
        let (ledger, digests) = ledger([10, 20, 30])
        #expect(ledger.victims(freeing: wanted).map(\.digest) == expected.map { digests[$0] })
    }

    @Test(
        "Just enough goes for a blob to fit",
        arguments: [(40, []), (41, [0]), (50, [0]), (51, [0, 1]), (100, [0, 1, 2])] as [(Int64, [Int])])
    func fitting(_ size: Int64, _ expected: [Int]) {
        let (ledger, digests) = ledger([10, 20, 30])
        #expect(ledger.victims(fitting: size).map(\.digest) == expected.map { digests[$0] })
    }

    @Test("What is used moves to the end of the line", arguments: [0, 1, 2])
    func using(_ used: Int) {
        var (ledger, digests) = ledger([10, 10, 10])
        _ = ledger.use(digests[used], at: now)
        let expected = [0, 1, 2].filter { $0 != used } + [used]
        #expect(ledger.victims(freeing: 1000).map(\.digest) == expected.map { digests[$0] })
    }

    @Test("What goes from any place leaves the others in order", arguments: [0, 1, 2])
    func removing(_ removed: Int) {
        var (ledger, digests) = ledger([10, 10, 10])
        ledger.remove(digests[removed])
        let rest = [0, 1, 2].filter { $0 != removed }
        #expect(ledger.victims(freeing: 1000).map(\.digest) == rest.map { digests[$0] })
        ledger.insert(BlobInfo(digest: digests[removed], size: 10))
        #expect(ledger.victims(freeing: 1000).map(\.digest) == (rest + [removed]).map { digests[$0] })
    }

    @Test("A use is written to disk once a minute")
    func renewal() {
        var (ledger, digests) = ledger([10])
        let renewed = [0, 59, 60, 61, 120].map { ledger.use(digests[0], at: now + .seconds($0)) }
        #expect(renewed == [true, false, true, false, true])
        let isAbsentRenewed = ledger.use(digestOf([99]), at: now)
        #expect(!isAbsentRenewed)
    }

    @Test("However many blobs are named one by one, each is kept")
    func manyMarks() {
        var ledger = BlobLedger(capacity: 100)
        let digests = (0..<70_000).map { number in digestOf(withUnsafeBytes(of: number) { Array($0) }) }
        for digest in digests { ledger.keep(digest) }
        #expect(ledger.kept.count == digests.count)
        let decision = ledger.beginKeeping()
        for digest in digests { ledger.keep(digest) }
        ledger.keep([], decision: decision)
        #expect(ledger.kept.count == digests.count)
    }
}
