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
        #expect(expected.allSatisfy { table.slot(of: $0.key) == $0.value && table.digest(at: $0.value) == $0.key })
        #expect(Set(expected.values).count == expected.count)
        #expect((600..<700).allSatisfy { table.slot(of: Samples.digest($0)) == nil })
    }

    @Test("tags of a peer, and of all peers, are bounded")
    func references() throws {
        var index = ReferenceIndex(limitPerPeer: 3, limit: 5)
        for number in 0..<10 {
            index.insert(try Samples.claim("team/app:v\(number)", 1), of: 1, now: Samples.start)
            index.insert(try Samples.claim("team/app:v\(number)", 1), of: 2, now: Samples.start)
        }
        #expect(index.count == 5)
        index.removeAll(of: 1)
        #expect(index.count == 2)
        #expect(index.claims(for: try Samples.reference("team/app:v0")).keys.sorted() == [2])
    }
}
