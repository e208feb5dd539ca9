import OCI
import Testing

@testable import Discovery

@Suite struct HolderIndexTests {
    private func index(perPeer: Int = 1000, total: Int = 10_000) -> HolderIndex {
        HolderIndex(limitPerPeer: perPeer, limit: total)
    }

    private func handles(_ index: HolderIndex, _ number: Int) -> Set<HolderIndex.Handle> {
        Set(index.holders(of: Samples.digest(number)).map(\.handle))
    }

    @Test("holders come and go")
    func holders() {
        var index = index()
        for handle in 0..<4 as Range<HolderIndex.Handle> { index.insert(Samples.entry(1), of: handle) }
        #expect(handles(index, 1) == [0, 1, 2, 3])
        index.remove(Samples.digest(1), of: 2)
        index.removeAll(of: 0)
        #expect(handles(index, 1) == [1, 3])
        index.removeAll(of: 1)
        index.removeAll(of: 3)
        #expect(handles(index, 1).isEmpty)
        #expect(index.count == 0 && index.distinct == 0)
    }

    @Test("inserting twice is inserting once, and a new size replaces the old one")
    func twice() {
        var index = index()
        index.insert(Samples.entry(1, size: 5), of: 1)
        index.insert(Samples.entry(1, size: 5), of: 1)
        #expect(index.count == 1)
        index.insert(Samples.entry(1, size: 6), of: 1)
        #expect(index.count == 1 && index.size(of: Samples.digest(1), by: 1) == 6)
    }

    @Test("a peer that lies about a size lies for itself only")
    func sizes() {
        var index = index()
        index.insert(Samples.entry(1, size: 5), of: 1)
        index.insert(Samples.entry(1, size: 7), of: 2)
        index.insert(Samples.entry(1, size: 5), of: 3)
        let sizes = Dictionary(uniqueKeysWithValues: index.holders(of: Samples.digest(1)).map { ($0.handle, $0.size) })
        #expect(sizes == [1: 5, 2: 7, 3: 5])
    }

    @Test("replacing leaves what is in both and nothing else")
    func replace() {
        var index = index()
        index.replace(Samples.entries(0..<10), of: 1)
        index.insert(Samples.entry(3), of: 2)
        index.replace(Samples.entries(5..<12), of: 1)
        #expect((0..<12).filter { handles(index, $0).contains(1) } == Array(5..<12))
        #expect(handles(index, 3) == [2])
        #expect(index.count == 8)
    }

    @Test("a peer that claims a million digests gets its share and no more")
    func liar() {
        var index = index(perPeer: 1000, total: 10_000)
        index.insert(Samples.entry(-1), of: 2)
        for number in 0..<5000 { index.insert(Samples.entry(number), of: 1) }
        #expect(index.count(of: 1) == 1000)
        #expect(handles(index, -1) == [2])
    }

    @Test("when the index is full, those who filled it make room for the others")
    func fair() {
        var index = index(perPeer: 1000, total: 2000)
        index.replace(Samples.entries(0..<1000), of: 1)
        index.replace(Samples.entries(1000..<2000), of: 2)
        for handle in 3..<13 as Range<HolderIndex.Handle> {
            index.replace(Samples.entries(5000..<5050), of: handle)
            #expect(index.count(of: handle) == 50)
        }
        #expect(index.count <= 2000)
        #expect(index.count(of: 1) + index.count(of: 2) >= 1000)
    }

    @Test("the index says what a plain table of pairs would, through thousands of changes")
    func model() {
        struct Pair: Hashable {
            var number: Int
            var handle: HolderIndex.Handle
        }
        var index = index(perPeer: 10_000, total: 100_000)
        var expected: [Pair: InventoryEntry] = [:]
        var generator = SplitMix(state: 11)
        for round in 0..<4000 {
            // Few blobs and many peers first, so that sets become crowds; then the other way about.
            let pair = Pair(
                number: Int.random(in: 0..<(round < 2000 ? 12 : 400), using: &generator),
                handle: HolderIndex.Handle.random(in: 0..<(round < 2000 ? 90 : 9), using: &generator))
            if Int.random(in: 0..<5, using: &generator) < (round % 1000 < 500 ? 4 : 1) {
                var entry = Samples.entry(pair.number, size: Int64.random(in: 1...2, using: &generator))
                entry.isProven = Bool.random(using: &generator)
                index.insert(entry, of: pair.handle)
                expected[pair] = entry
            } else if round % 200 == 0 {
                index.removeAll(of: pair.handle)
                expected = expected.filter { $0.key.handle != pair.handle }
            } else {
                index.remove(Samples.digest(pair.number), of: pair.handle)
                expected[pair] = nil
            }
        }
        #expect(index.count == expected.count)
        for number in 0..<400 {
            let holders = index.holders(of: Samples.digest(number)).sorted { $0.handle < $1.handle }
            let wanted = expected.filter { $0.key.number == number }.sorted { $0.key.handle < $1.key.handle }.map {
                HolderIndex.Holder(handle: $0.key.handle, size: $0.value.size, isProven: $0.value.isProven)
            }
            #expect(holders == wanted)
            #expect(index.holderCount(of: Samples.digest(number)) == wanted.count)
        }
        for handle in 0..<90 as Range<HolderIndex.Handle> {
            #expect(index.count(of: handle) == expected.count { $0.key.handle == handle })
        }
    }

    @Test("a blob is proven at the peers that say so")
    func proven() {
        var index = index()
        index.insert(InventoryEntry(digest: Samples.digest(1), size: 100, isProven: false), of: 1)
        index.insert(Samples.entry(1), of: 2)
        func proven() -> [HolderIndex.Handle: Bool] {
            Dictionary(
                uniqueKeysWithValues: index.holders(of: Samples.digest(1)).map { ($0.handle, $0.isProven) })
        }
        #expect(proven() == [1: false, 2: true])
        index.insert(Samples.entry(1), of: 1)
        #expect(proven() == [1: true, 2: true])
    }

    @Test("many digests taken out at once are all gone, those named twice too")
    func removeMany() {
        var index = index()
        index.replace(Samples.entries(0..<50), of: 1)
        index.remove((10..<90).map(Samples.digest) + (10..<20).map(Samples.digest), of: 1)
        #expect(index.count == 10 && index.count(of: 1) == 10)
    }

    @Test("a million pairs take less than 64 MiB, however they fall", arguments: [1, 2, 40, 1000])
    func memory(holdersPerBlob: Int) {
        // A thirty-second of a million, so that tables double where those of a million do; Tests/Benchmarks measures all of it.
        var index = HolderIndex(limitPerPeer: 100_000, limit: 31_250)
        for pair in 0..<31_250 {
            let blob = UInt64(pair / holdersPerBlob) &* 0x9e37_79b9_7f4a_7c15
            let bytes = (0..<4).flatMap { word in
                (0..<8).map { UInt8(truncatingIfNeeded: (blob &+ UInt64(word)) >> (8 * $0)) }
            }
            guard let digest = try? Digest(algorithm: .sha256, bytes: bytes) else { continue }
            let handle = HolderIndex.Handle((pair % holdersPerBlob) + (holdersPerBlob < 10 ? pair / 3125 * 10 : 0))
            // Every second holder lies about the size, which costs the most.
            index.insert(InventoryEntry(digest: digest, size: Int64(pair % 2)), of: handle)
        }
        #expect(index.count == 31_250)
        #expect(index.footprint < (64 << 20) / 32)
    }

    @Test("a digest table finds what is in it through a thousand insertions and removals")
    func table() {
        var table = DigestTable()
        var expected: [Digest: DigestTable.Slot] = [:]
        var generator = SplitMix(state: 7)
        for _ in 0..<4000 {
            let digest = Samples.digest(Int.random(in: 0..<600, using: &generator))
            if let slot = expected[digest], Bool.random(using: &generator) {
                table.remove(slot)
                expected[digest] = nil
            } else {
                expected[digest] = table.insert(digest)
            }
        }
        #expect(table.count == expected.count)
        #expect(expected.allSatisfy { table.slot(of: $0.key) == $0.value })
        #expect(Set(expected.values).count == expected.count)
        #expect((600..<700).allSatisfy { table.slot(of: Samples.digest($0)) == nil })
    }
}
