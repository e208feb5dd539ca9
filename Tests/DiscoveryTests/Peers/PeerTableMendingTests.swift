import OCI
import Testing

@testable import Discovery

@Suite struct PeerTableMendingTests {
    private let lan = Samples.ip("10.0.0.2")
    private let address = PeerAddress(host: "10.0.0.2", port: 5051)
    private let id = Samples.node(1)

    private func table(believes: Bool = false) -> PeerTable {
        PeerTable(own: Samples.node(0), rules: .init(requiresProof: false, believesReferences: believes))
    }

    private func reading(
        version: UInt64, full: Bool = true, added: Range<Int> = 0..<0, removed: [Int] = [],
        references: [ReferenceEntry] = [], removedReferences: [ImageReference] = []
    ) throws -> InventoryReading {
        try InventoryReading(
            InventoryPage(
                epoch: 1, version: version, full: full, added: Samples.entries(added),
                removed: removed.map(Samples.digest), references: references, removedReferences: removedReferences),
            limits: .init())
    }

    private func held(_ table: PeerTable, at seconds: Double, of range: Range<Int> = 0..<30) -> [Int] {
        range.filter { !table.holders(of: Samples.digest($0), now: Samples.at(seconds)).isEmpty }
    }

    /// Knows version 1 with blobs 0, 1 and 2.
    private func inStep() throws -> PeerTable {
        var table = table()
        _ = try table.hear(Samples.hello(1, version: 1), from: lan, now: Samples.at(0))
        _ = table.startInquiries(now: Samples.at(1))
        table.finishInventory(
            id, at: address, epoch: 1, reading: try reading(version: 1, added: 0..<3), now: Samples.at(1))
        return table
    }

    @Test("an announced version that is not known is fetched, and then the table is in step")
    func fetched() throws {
        var table = table()
        _ = try table.hear(Samples.hello(1, version: 4), from: lan, now: Samples.at(0))
        #expect(!table.isInStep(now: Samples.at(0)))
        #expect(table.startInquiries(now: Samples.at(1)).start == [.inventory(id, at: address, epoch: 1, since: 0)])
        #expect(table.startInquiries(now: Samples.at(1)).start.isEmpty)
        table.finishInventory(
            id, at: address, epoch: 1, reading: try reading(version: 4, added: 0..<3), now: Samples.at(1))
        #expect(table.isInStep(now: Samples.at(1)))
        #expect(held(table, at: 1) == [0, 1, 2])
        #expect(table.startInquiries(now: Samples.at(2)).start.isEmpty)
    }

    @Test("an empty inventory is not fetched")
    func empty() throws {
        var table = table()
        _ = try table.hear(Samples.hello(1), from: lan, now: Samples.at(0))
        #expect(table.isInStep(now: Samples.at(0)) && table.startInquiries(now: Samples.at(1)).start.isEmpty)
    }

    @Test("changes inline need no fetching")
    func inline() throws {
        var table = try inStep()
        let changes = InventoryState.Changes(since: 1, added: Samples.entries(3..<5), removed: [Samples.digest(0)])
        let hearing = try table.hear(
            Samples.hello(1, sequence: 2, version: 3, changes: changes), from: lan, now: Samples.at(2))
        #expect(hearing.hasNews)
        #expect(held(table, at: 2) == [1, 2, 3, 4])
        #expect(table.isInStep(now: Samples.at(2)))
    }

    @Test("changes since an earlier version than the one known apply too")
    func overlapping() throws {
        var table = try inStep()
        let changes = InventoryState.Changes(since: 0, added: Samples.entries(0..<4), removed: [])
        _ = try table.hear(Samples.hello(1, sequence: 2, version: 2, changes: changes), from: lan, now: Samples.at(2))
        #expect(held(table, at: 2) == [0, 1, 2, 3] && table.isInStep(now: Samples.at(2)))
    }

    @Test("changes since a later version leave a gap, which is mended by a delta")
    func gap() throws {
        var table = try inStep()
        let changes = InventoryState.Changes(since: 5, added: Samples.entries(9..<10), removed: [])
        _ = try table.hear(Samples.hello(1, sequence: 2, version: 6, changes: changes), from: lan, now: Samples.at(2))
        #expect(held(table, at: 2) == [0, 1, 2] && !table.isInStep(now: Samples.at(2)))
        #expect(table.startInquiries(now: Samples.at(3)).start == [.inventory(id, at: address, epoch: 1, since: 1)])
        table.finishInventory(
            id, at: address, epoch: 1, reading: try reading(version: 6, full: false, added: 9..<10, removed: [0]),
            now: Samples.at(3))
        #expect(held(table, at: 3) == [1, 2, 9] && table.isInStep(now: Samples.at(3)))
    }

    @Test("an old Hello that comes late changes nothing")
    func late() throws {
        var table = try inStep()
        let changes = InventoryState.Changes(since: 0, added: Samples.entries(20..<21), removed: [Samples.digest(1)])
        _ = try table.hear(Samples.hello(1, sequence: 2, version: 1, changes: changes), from: lan, now: Samples.at(2))
        #expect(held(table, at: 2) == [0, 1, 2] && table.isInStep(now: Samples.at(2)))
    }

    @Test("what is announced while a fetch is under way is fetched next")
    func meanwhile() throws {
        var table = try inStep()
        _ = try table.hear(Samples.hello(1, sequence: 2, version: 2), from: lan, now: Samples.at(2))
        _ = table.startInquiries(now: Samples.at(3))
        _ = try table.hear(Samples.hello(1, sequence: 3, version: 3), from: lan, now: Samples.at(3))
        table.finishInventory(
            id, at: address, epoch: 1, reading: try reading(version: 2, full: false, added: 3..<4), now: Samples.at(3.1)
        )
        #expect(!table.isInStep(now: Samples.at(3.1)))
        #expect(table.startInquiries(now: Samples.at(4)).start == [.inventory(id, at: address, epoch: 1, since: 2)])
    }

    @Test("a fetch that fails is tried again, later each time")
    func backoff() throws {
        var table = table()
        _ = try table.hear(Samples.hello(1, version: 4), from: lan, now: Samples.at(0))
        var now = Samples.at(1)
        var delays: [Duration] = []
        for _ in 0..<4 {
            #expect(table.startInquiries(now: now).start.count == 1)
            table.finishInventory(id, at: address, epoch: 1, reading: nil, now: now)
            let next = try #require(table.startInquiries(now: now).next)
            delays.append(next - now)
            now = next
            _ = try table.hear(Samples.hello(1, version: 4), from: lan, now: now)
        }
        #expect(delays == [.milliseconds(250), .milliseconds(500), .seconds(1), .seconds(2)])
    }

    @Test("an announced version that the node itself does not have is not chased")
    func forgedVersion() throws {
        var table = try inStep()
        _ = try table.hear(Samples.hello(1, sequence: 2, version: .max), from: lan, now: Samples.at(2))
        _ = table.startInquiries(now: Samples.at(3))
        table.finishInventory(
            id, at: address, epoch: 1, reading: try reading(version: 1, full: false), now: Samples.at(3))
        #expect(table.isInStep(now: Samples.at(3)))
        #expect(table.startInquiries(now: Samples.at(4)).start.isEmpty)
    }

    @Test("an inventory of another epoch is not taken; the node is asked who it is")
    func otherEpoch() throws {
        var table = try inStep()
        _ = try table.hear(Samples.hello(1, sequence: 2, version: 2), from: lan, now: Samples.at(3))
        _ = table.startInquiries(now: Samples.at(4))
        let other = try InventoryReading(
            InventoryPage(epoch: 2, version: 2, full: true, added: Samples.entries(20..<21)), limits: .init())
        table.finishInventory(id, at: address, epoch: 1, reading: other, now: Samples.at(4))
        #expect(held(table, at: 4) == [0, 1, 2])
        #expect(table.startInquiries(now: Samples.at(4)).start == [.node(id, at: address)])
    }

    @Test("an answer that comes after the node started anew is not taken")
    func lateAnswer() throws {
        var table = try inStep()
        _ = try table.hear(Samples.hello(1, sequence: 2, version: 2), from: lan, now: Samples.at(3))
        _ = table.startInquiries(now: Samples.at(4))
        table.finishNode(id, at: address, document: Samples.document(1, epoch: 2), now: Samples.at(4))
        table.finishInventory(
            id, at: address, epoch: 1, reading: try reading(version: 2, added: 0..<9), now: Samples.at(5))
        #expect(held(table, at: 5).isEmpty)
    }

    // MARK: Tags

    @Test("tags of others count only where they are believed", arguments: [true, false])
    func believed(believes: Bool) throws {
        var table = table(believes: believes)
        _ = try table.hear(Samples.hello(1, version: 1), from: lan, now: Samples.at(0))
        _ = table.startInquiries(now: Samples.at(1))
        let claim = try Samples.claim("nginx", 7, age: 30)
        table.finishInventory(
            id, at: address, epoch: 1, reading: try reading(version: 1, references: [claim]), now: Samples.at(1))
        let claims = table.claims(for: Samples.nginx, now: Samples.at(11))
        #expect(claims.map(\.claim.digest) == (believes ? [Samples.digest(7)] : []))
        #expect(claims.allSatisfy { $0.claim.knownGood == Samples.at(-29) })
    }

    @Test("a tag that a peer removed is no longer claimed")
    func removedTag() throws {
        var table = table(believes: true)
        _ = try table.hear(Samples.hello(1, version: 1), from: lan, now: Samples.at(0))
        _ = table.startInquiries(now: Samples.at(1))
        table.finishInventory(
            id, at: address, epoch: 1, reading: try reading(version: 1, references: [try Samples.claim("nginx", 7)]),
            now: Samples.at(1))
        _ = try table.hear(Samples.hello(1, sequence: 2, version: 2), from: lan, now: Samples.at(2))
        _ = table.startInquiries(now: Samples.at(3))
        table.finishInventory(
            id, at: address, epoch: 1,
            reading: try reading(version: 2, full: false, removedReferences: [Samples.nginx]),
            now: Samples.at(3))
        #expect(table.claims(for: Samples.nginx, now: Samples.at(3)).isEmpty)
    }

    // MARK: Answers to questions

    @Test("an answer makes its sender a holder, known before or not")
    func have() throws {
        var table = table()
        let answer = Beacon(
            node: id, epoch: 1, sequence: 1,
            payload: .have(.init(question: 1, httpPort: 5051, blobs: [Samples.entry(9)], references: [])))
        let hearing = try table.hear(answer, from: lan, now: Samples.at(0))
        #expect(hearing.hasNews && hearing.isStranger && held(table, at: 0) == [9])
    }
}
