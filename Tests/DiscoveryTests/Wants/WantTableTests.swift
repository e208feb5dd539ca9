import Testing

@testable import Discovery

@Suite struct WantTableTests {
    private let blob = Samples.digest(1)

    private func hear(
        _ table: inout WantTable, _ node: UInt64, _ wants: Beacon.Wanted..., until seconds: Double = 15
    ) {
        table.hear(wants, of: Samples.node(node), until: Samples.at(seconds))
    }

    private func nodes(_ table: WantTable, at seconds: Double = 0) -> Set<NodeID> {
        Set(table.wanters(of: blob, now: Samples.at(seconds)).map(\.node))
    }

    @Test("who says that it fetches a blob is known until it says that it has ended")
    func ends() {
        var table = WantTable(limitPerPeer: 10, limit: 10)
        hear(&table, 1, Samples.wanted(1), Samples.wanted(2))
        hear(&table, 2, Samples.wanted(1))
        #expect(nodes(table) == [Samples.node(1), Samples.node(2)])
        hear(&table, 1, Samples.wanted(1, isEnded: true))
        #expect(nodes(table) == [Samples.node(2)] && table.count == 2)
    }

    @Test("what is not said again is forgotten, what is stays")
    func expiry() {
        var table = WantTable(limitPerPeer: 10, limit: 10)
        hear(&table, 1, Samples.wanted(1))
        hear(&table, 2, Samples.wanted(1))
        hear(&table, 2, Samples.wanted(1), until: 20)
        #expect(nodes(table, at: 15) == [Samples.node(2)])
        table.expire(now: Samples.at(15)) { _ in true }
        #expect(table.count == 1)
        table.expire(now: Samples.at(20)) { _ in true }
        #expect(table.count == 0)
    }

    @Test("a node that is no longer there fetches nothing")
    func gone() {
        var table = WantTable(limitPerPeer: 10, limit: 10)
        hear(&table, 1, Samples.wanted(1), Samples.wanted(2))
        hear(&table, 2, Samples.wanted(1))
        _ = table.takeChanges()
        table.expire(now: Samples.at(0)) { $0 != Samples.node(1) }
        #expect(nodes(table) == [Samples.node(2)])
        #expect(table.takeChanges() == [Samples.digest(1), Samples.digest(2)])
    }

    @Test("a beginning, an end and a size are news, a repetition is none")
    func changes() {
        var table = WantTable(limitPerPeer: 10, limit: 10)
        func news(_ want: Beacon.Wanted) -> Bool {
            hear(&table, 1, want)
            return table.takeChanges() == [blob]
        }
        #expect(news(Samples.wanted(1)))
        #expect(!news(Samples.wanted(1)))
        #expect(news(Samples.wanted(1, size: 7)))
        #expect(!news(Samples.wanted(1, size: 7)))
        #expect(!news(Samples.wanted(1)))
        #expect(news(Samples.wanted(1, isEnded: true)))
        #expect(!news(Samples.wanted(1, isEnded: true)))
    }

    // MARK: Bounds

    @Test("a peer that wants tens of thousands of blobs is believed some, and takes no room for itself")
    func greedy() {
        var table = WantTable(limitPerPeer: 256, limit: 65_536)
        for first in stride(from: 0, to: 25_000, by: 25) {
            table.hear(
                (first..<first + 25).map { Beacon.Wanted(digest: Samples.plainDigest($0)) }, of: Samples.node(1),
                until: Samples.at(15))
        }
        #expect(table.count == 256 && table.count(of: Samples.node(1)) == 256)
        hear(&table, 2, Samples.wanted(1))
        #expect(nodes(table) == [Samples.node(2)])
        #expect(table.takeChanges().count <= 257)
    }

    @Test("many that want much fill the table, and who wants little is let in all the same")
    func full() {
        var table = WantTable(limitPerPeer: 16, limit: 64)
        for node in 1...8 as ClosedRange<UInt64> {
            let wants = (0..<16).map { Beacon.Wanted(digest: Samples.plainDigest(Int(node) * 100 + $0)) }
            table.hear(wants, of: Samples.node(node), until: Samples.at(15))
            #expect(table.count <= 64)
        }
        hear(&table, 9, Samples.wanted(1))
        #expect(nodes(table) == [Samples.node(9)])
        #expect(table.count <= 64)
    }

    @Test("news that nobody takes are bounded")
    func unread() {
        var table = WantTable(limitPerPeer: 10, limit: 20)
        for number in 0..<1000 {
            let digest = Samples.plainDigest(number)
            table.hear([.init(digest: digest)], of: Samples.node(1), until: Samples.at(15))
            table.hear([.init(digest: digest, isEnded: true)], of: Samples.node(1), until: Samples.at(15))
        }
        #expect(table.takeChanges().count <= 20)
    }
}
