import OCI
import Testing

@testable import Discovery

/// What becomes of the beginnings of digests that mDNS tells.
@Suite struct PeerTableSeekingTests {
    private func address(_ number: UInt64) -> PeerAddress { PeerAddress(host: "10.0.0.\(number)", port: 5051) }

    private func sighting(_ number: UInt64, version: UInt64, newest: [Int]) -> Sighting {
        Sighting(
            source: .mdns, id: Samples.node(number), name: "node", addresses: [address(number)], epoch: 1,
            version: version, newest: newest.map { DigestPrefix(Samples.digest($0)) })
    }

    /// Nodes that are known, at version 0 but for what was announced since.
    private func table(_ numbers: ClosedRange<UInt64>, inquiries: Int = 8) -> PeerTable {
        var limits = DirectoryLimits()
        limits.inquiries = inquiries
        // The moment that each waits is the longer the more the ids differ.
        var table = PeerTable(
            own: Samples.node(255), rules: .init(requiresProof: false, believesReferences: false, limits: limits))
        for number in numbers {
            table.sight(sighting(number, version: 0, newest: []), now: Samples.at(0))
            _ = table.startInquiries(now: Samples.at(0))
            table.finishNode(
                Samples.node(number), at: address(number), document: Samples.document(number), now: Samples.at(0))
        }
        return table
    }

    @Test("whose newest digests begin as the wanted one is asked at once, and before the others")
    func hurry() {
        var table = table(1...4, inquiries: 1)
        for number: UInt64 in 1...4 {
            table.sight(sighting(number, version: 1, newest: number == 3 ? [7, 8] : [9]), now: Samples.at(2))
        }
        let isExpected = table.seek(Samples.digest(8), now: Samples.at(2))
        #expect(isExpected)
        let inquiry = Inquiry.inventory(Samples.node(3), at: address(3), epoch: 1, since: 0)
        #expect(table.startInquiries(now: Samples.at(2)).start == [inquiry])
    }

    @Test("without a hint nobody is hurried, and no answer is expected")
    func noHint() {
        var table = table(1...20, inquiries: 20)
        for number: UInt64 in 1...20 { table.sight(sighting(number, version: 1, newest: [9]), now: Samples.at(2)) }
        #expect(table.startInquiries(now: Samples.at(2)).start.count < 20)
        let isExpected = table.seek(Samples.digest(8), now: Samples.at(2))
        #expect(!isExpected)
        #expect(table.startInquiries(now: Samples.at(2)).start.isEmpty)
    }

    @Test("a node whose inventory is known so far gives no hints: what it holds is known")
    func known() {
        var table = table(1...1)
        table.sight(sighting(1, version: 1, newest: [8]), now: Samples.at(2))
        _ = table.seek(Samples.digest(8), now: Samples.at(2))
        _ = table.startInquiries(now: Samples.at(2))
        let page = InventoryPage(epoch: 1, version: 1, full: false, added: [Samples.entry(1)])
        table.finishInventory(
            Samples.node(1), at: address(1), epoch: 1, reading: try? InventoryReading(page, limits: DirectoryLimits()),
            now: Samples.at(2.1))
        let isExpected = table.seek(Samples.digest(8), now: Samples.at(2.2))
        #expect(!isExpected)
        table.sight(sighting(1, version: 1, newest: [8]), now: Samples.at(3))
        #expect(table.records[Samples.node(1)]?.newest.isEmpty == true)
    }

    @Test("a node that failed to answer keeps its time, hint or not")
    func failed() {
        var table = table(1...1)
        table.sight(sighting(1, version: 1, newest: [8]), now: Samples.at(2))
        _ = table.seek(Samples.digest(8), now: Samples.at(2))
        #expect(table.startInquiries(now: Samples.at(2)).start.count == 1)
        table.finishInventory(Samples.node(1), at: address(1), epoch: 1, reading: nil, now: Samples.at(2.1))
        let isExpected = table.seek(Samples.digest(8), now: Samples.at(2.11))
        #expect(!isExpected)
        #expect(table.startInquiries(now: Samples.at(2.11)).start.isEmpty)
        #expect(table.startInquiries(now: Samples.at(2.4)).start.count == 1)
    }

    @Test("a node keeps no more hints than a record of mDNS has room for")
    func bounded() {
        var table = table(1...1)
        table.sight(sighting(1, version: 1, newest: Array(0..<1000)), now: Samples.at(2))
        #expect(table.records[Samples.node(1)]?.newest.count == PeerRecord.newestLimit)
    }

    @Test("who wants a blob waits for the inventory of whom mDNS hints at, where no question can be sent")
    func question() async throws {
        let directory = Directory(own: Samples.node(255), hasKey: false, believesTags: false)
        let questions = Questions(directory: directory)
        let now = ContinuousClock.now
        directory.sighted(sighting(1, version: 0, newest: []), now: now)
        _ = directory.startInquiries(now: now)
        directory.finish(.node(Samples.node(1), at: address(1)), document: Samples.document(1), now: now)
        directory.sighted(sighting(1, version: 1, newest: [8]), now: now)
        async let holders = questions.whoHas(Samples.digest(8), wait: .seconds(20))
        // The service would be rung for this.
        var asked: [Inquiry] = []
        await eventually("the node is asked for its inventory") {
            asked += directory.startInquiries(now: .now).start
            return !asked.isEmpty
        }
        let page = InventoryPage(epoch: 1, version: 1, full: false, added: [Samples.entry(8)])
        directory.finish(
            try #require(asked.first), reading: try InventoryReading(page, limits: DirectoryLimits()), now: .now)
        let began = ContinuousClock.now
        questions.lookAgain()
        #expect(await holders.map(\.peer.id) == [Samples.node(1)])
        #expect(ContinuousClock.now - began < .seconds(10))
    }
}
