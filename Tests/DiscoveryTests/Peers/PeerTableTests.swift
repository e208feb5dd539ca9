import OCI
import Testing

@testable import Discovery

/// Without a cluster key.
@Suite struct PeerTableTests {
    private let lan = Samples.ip("10.0.0.2")
    private let address = PeerAddress(host: "10.0.0.2", port: 5051)

    private func table(believes: Bool = false, limits: DirectoryLimits = .init()) -> PeerTable {
        PeerTable(
            own: Samples.node(0), rules: .init(requiresProof: false, believesReferences: believes, limits: limits))
    }

    /// A table that knows node 1, which announced `count` blobs inline.
    private func acquainted(count: Int = 3) throws -> PeerTable {
        var table = table()
        let changes = InventoryState.Changes(since: 0, added: Samples.entries(0..<count), removed: [])
        _ = try table.hear(
            Samples.hello(1, version: 1, count: UInt64(count), changes: changes), from: lan, now: Samples.at(0))
        return table
    }

    private func holders(_ table: PeerTable, _ number: Int, at seconds: Double) -> [NodeID] {
        table.holders(of: Samples.digest(number), now: Samples.at(seconds)).map(\.peer.id)
    }

    // MARK: Appearing

    @Test("a node is a peer at its first Hello, at the datagram's address and the Hello's port")
    func firstHello() throws {
        var table = table()
        let hearing = try table.hear(Samples.hello(1, port: 6000), from: lan, now: Samples.at(0))
        let peer = try #require(table.peer(Samples.node(1), now: Samples.at(0)))
        #expect(hearing.isStranger)
        #expect(peer.addresses == [PeerAddress(host: "10.0.0.2", port: 6000)])
        #expect(peer.state == .alive && peer.sources == [.broadcast] && peer.name == "node-1")
        #expect(table.takeEvents() == [.appeared(Samples.node(1), name: "node-1", peer.addresses[0])])
    }

    @Test("a Hello heard again is no stranger's")
    func again() throws {
        var table = try acquainted()
        #expect(try !table.hear(Samples.hello(1, sequence: 2, version: 1), from: lan, now: Samples.at(5)).isStranger)
    }

    @Test("a node's own datagrams are ignored")
    func own() {
        var table = table()
        #expect(throws: BeaconDrop.own) { try table.hear(Samples.hello(0), from: lan, now: Samples.at(0)) }
    }

    // MARK: Liveness

    @Test("three missed Hellos put a peer aside, the next one brings it back")
    func silence() throws {
        var table = try acquainted()
        #expect(holders(table, 1, at: 17.9) == [Samples.node(1)])
        #expect(holders(table, 1, at: 18.1).isEmpty)
        #expect(table.peer(Samples.node(1), now: Samples.at(18.1))?.state == .suspect)
        _ = try table.hear(Samples.hello(1, sequence: 2, version: 1), from: lan, now: Samples.at(30))
        #expect(holders(table, 1, at: 30) == [Samples.node(1)])
    }

    @Test("a peer that is silent for ten minutes is forgotten, with all it held")
    func forgotten() throws {
        var table = try acquainted()
        table.tick(now: Samples.at(600))
        #expect(table.peers(now: Samples.at(600)).count == 1)
        table.tick(now: Samples.at(601))
        #expect(table.peers(now: Samples.at(601)).isEmpty)
        #expect(table.index.count == 0 && table.isPeerAddress(lan) == false)
        #expect(table.takeEvents().last == .forgotten(Samples.node(1), name: "node-1"))
    }

    @Test("a Bye removes a peer at once")
    func bye() throws {
        var table = try acquainted()
        _ = try table.hear(Samples.bye(1, sequence: 2), from: lan, now: Samples.at(1))
        #expect(table.peers(now: Samples.at(1)).isEmpty && table.index.count == 0)
    }

    @Test("a Bye from somebody else's address, or of another epoch, removes nobody")
    func forgedBye() throws {
        var table = try acquainted()
        #expect(throws: BeaconDrop.unknownNode) {
            try table.hear(Samples.bye(1), from: Samples.ip("10.0.0.66"), now: Samples.at(1))
        }
        #expect(throws: BeaconDrop.unknownNode) {
            try table.hear(Samples.bye(1, epoch: 2), from: lan, now: Samples.at(1))
        }
        #expect(throws: BeaconDrop.unknownNode) { try table.hear(Samples.bye(9), from: lan, now: Samples.at(1)) }
        #expect(holders(table, 1, at: 1) == [Samples.node(1)])
    }

    @Test("a refused connection puts a peer aside at once", arguments: [PeerOutcome.refused, .timedOut])
    func refused(outcome: PeerOutcome) throws {
        var table = try acquainted()
        table.report(outcome, of: Samples.node(1), at: address, now: Samples.at(1))
        #expect(holders(table, 1, at: 1).isEmpty)
        #expect(table.peer(Samples.node(1), now: Samples.at(1))?.state == .suspect)
    }

    @Test("within the penalty a Hello does not bring a refusing peer back, after it one does")
    func penalty() throws {
        var table = try acquainted()
        table.report(.refused, of: Samples.node(1), at: address, now: Samples.at(1))
        _ = try table.hear(Samples.hello(1, sequence: 2, version: 1), from: lan, now: Samples.at(2))
        #expect(holders(table, 1, at: 2).isEmpty)
        _ = try table.hear(Samples.hello(1, sequence: 3, version: 1), from: lan, now: Samples.at(3.1))
        #expect(holders(table, 1, at: 3.1) == [Samples.node(1)])
    }

    @Test("penalties grow with each refusal, many refusals at once count as one, and success ends them")
    func growingPenalty() throws {
        var table = try acquainted()
        let id = Samples.node(1)
        for _ in 0..<16 { table.report(.refused, of: id, at: address, now: Samples.at(1)) }
        _ = try table.hear(Samples.hello(1, sequence: 2, version: 1), from: lan, now: Samples.at(3.1))
        #expect(holders(table, 1, at: 3.1) == [id])
        table.report(.refused, of: id, at: address, now: Samples.at(3.2))
        _ = try table.hear(Samples.hello(1, sequence: 3, version: 1), from: lan, now: Samples.at(5.5))
        #expect(holders(table, 1, at: 5.5).isEmpty)
        table.report(.worked, of: id, at: address, now: Samples.at(5.6))
        #expect(holders(table, 1, at: 5.6) == [id])
    }

    @Test("a refusing peer is asked again when its penalty ends, and counts again when it answers")
    func retried() throws {
        var table = try acquainted()
        table.report(.refused, of: Samples.node(1), at: address, now: Samples.at(1))
        let early = table.startInquiries(now: Samples.at(1))
        #expect(early.start.isEmpty && early.next == Samples.at(3))
        #expect(table.startInquiries(now: Samples.at(3)).start == [.node(Samples.node(1), at: address)])
        table.finishNode(Samples.node(1), at: address, document: nil, now: Samples.at(3.3))
        #expect(holders(table, 1, at: 3.3).isEmpty)
        let next = table.startInquiries(now: Samples.at(3.3)).next
        #expect(next == Samples.at(7.3))
        #expect(table.startInquiries(now: Samples.at(7.3)).start == [.node(Samples.node(1), at: address)])
        table.finishNode(
            Samples.node(1), at: address, document: Samples.document(1, version: 1), now: Samples.at(7.4))
        #expect(holders(table, 1, at: 7.4) == [Samples.node(1)])
    }

    @Test("three answers in a row that break off put a peer aside, two do not")
    func broken() throws {
        var table = try acquainted()
        for _ in 0..<2 { table.report(.broke, of: Samples.node(1), at: address, now: Samples.at(1)) }
        #expect(holders(table, 1, at: 1) == [Samples.node(1)])
        table.report(.broke, of: Samples.node(1), at: address, now: Samples.at(1))
        #expect(holders(table, 1, at: 1).isEmpty)
    }

    @Test("a digest that a peer withdrew is no longer looked for there")
    func withdrawn() throws {
        var table = try acquainted()
        table.withdraw(Samples.digest(1), of: Samples.node(1))
        #expect(holders(table, 1, at: 1).isEmpty && holders(table, 2, at: 1) == [Samples.node(1)])
    }

    // MARK: Addresses

    @Test("a second address counts once the node has answered there, and the one that worked comes first")
    func secondAddress() throws {
        var table = try acquainted()
        let other = PeerAddress(host: "10.1.0.2", port: 5051)
        _ = try table.hear(
            Samples.hello(1, sequence: 2, version: 1), from: Samples.ip("10.1.0.2"), now: Samples.at(1))
        #expect(table.peer(Samples.node(1), now: Samples.at(1))?.addresses == [address])
        #expect(table.startInquiries(now: Samples.at(1)).start == [.node(Samples.node(1), at: other)])
        table.finishNode(Samples.node(1), at: other, document: Samples.document(1, version: 1), now: Samples.at(1.1))
        #expect(table.peer(Samples.node(1), now: Samples.at(1.1))?.addresses == [other, address])
        table.report(.worked, of: Samples.node(1), at: address, now: Samples.at(2))
        #expect(table.peer(Samples.node(1), now: Samples.at(2))?.addresses == [address, other])
        table.report(.refused, of: Samples.node(1), at: address, now: Samples.at(3))
        #expect(table.peer(Samples.node(1), now: Samples.at(3))?.addresses == [other, address])
        #expect(holders(table, 1, at: 3) == [Samples.node(1)])
    }

    @Test("an address where somebody else answers is dropped")
    func stolenAddress() throws {
        var table = try acquainted()
        let forged = PeerAddress(host: "10.0.0.66", port: 5051)
        _ = try table.hear(
            Samples.hello(1, sequence: 2, version: 1), from: Samples.ip("10.0.0.66"), now: Samples.at(1))
        _ = table.startInquiries(now: Samples.at(1))
        table.finishNode(Samples.node(1), at: forged, document: Samples.document(66), now: Samples.at(1.1))
        #expect(table.peer(Samples.node(1), now: Samples.at(1.1))?.addresses == [address])
        #expect(!table.isPeerAddress(Samples.ip("10.0.0.66")))
    }

    @Test("Hellos from an unconfirmed address do not keep a dead node alive")
    func forgedLife() throws {
        var table = try acquainted()
        for second in stride(from: 5.0, through: 30, by: 5) {
            _ = try table.hear(
                Samples.hello(1, version: 1), from: Samples.ip("10.0.0.66"), now: Samples.at(second))
        }
        #expect(holders(table, 1, at: 30).isEmpty)
    }

    @Test("addresses of one node are bounded, and the confirmed one stays")
    func manyAddresses() throws {
        var table = try acquainted()
        for number in 10..<100 {
            _ = try? table.hear(
                Samples.hello(1, version: 1), from: Samples.ip("10.0.0.\(number)"), now: Samples.at(Double(number) / 10)
            )
        }
        #expect(table.records[Samples.node(1)]?.addresses.count == 4)
        #expect(table.peer(Samples.node(1), now: Samples.at(10))?.addresses == [address])
    }

    // MARK: Epochs

    @Test("a node that started anew is asked who it is; then its old inventory is gone and the new one is fetched")
    func newEpoch() throws {
        var table = try acquainted()
        let hearing = try table.hear(Samples.hello(1, epoch: 2, version: 4), from: lan, now: Samples.at(2))
        #expect(hearing.isStranger)
        #expect(table.startInquiries(now: Samples.at(2)).start == [.node(Samples.node(1), at: address)])
        table.finishNode(
            Samples.node(1), at: address, document: Samples.document(1, epoch: 2, version: 4), now: Samples.at(2.1))
        #expect(holders(table, 1, at: 2.1).isEmpty)
        #expect(table.peer(Samples.node(1), now: Samples.at(2.1))?.epoch == 2)
        #expect(
            table.startInquiries(now: Samples.at(2.5)).start
                == [.inventory(Samples.node(1), at: address, epoch: 2, since: 0)])
        #expect(table.takeEvents().last == .restarted(Samples.node(1), name: "node-1", epoch: 2))
    }

    @Test(
        "a forged epoch changes nothing: the node itself is asked, and says otherwise",
        arguments: [2, .max] as [UInt64])
    func forgedEpoch(epoch: UInt64) throws {
        var table = try acquainted()
        _ = try table.hear(Samples.hello(1, epoch: epoch, version: 9), from: lan, now: Samples.at(2))
        _ = table.startInquiries(now: Samples.at(2))
        table.finishNode(Samples.node(1), at: address, document: Samples.document(1, version: 1), now: Samples.at(2.1))
        #expect(holders(table, 1, at: 2.1) == [Samples.node(1)])
        #expect(table.isInStep(now: Samples.at(2.1)))
    }

    @Test("forged epochs, however many, cause one request a second")
    func forgedEpochs() throws {
        var table = try acquainted()
        var asked = 0
        for step in 0..<100 {
            let now = Samples.at(2 + Double(step) / 100)
            _ = try table.hear(Samples.hello(1, epoch: UInt64(step) + 2), from: lan, now: now)
            for inquiry in table.startInquiries(now: now).start {
                asked += 1
                guard case .node(let id, let address) = inquiry else { continue }
                table.finishNode(id, at: address, document: Samples.document(1, version: 1), now: now)
            }
        }
        #expect(asked == 1)
    }

    // MARK: Bounds

    @Test("a flood of node ids from one address stops at the address's limit")
    func floodFromOne() {
        var table = table()
        var drops = 0
        for number in 1...1000 as ClosedRange<UInt64> {
            do { _ = try table.hear(Samples.hello(number), from: lan, now: Samples.at(0)) } catch { drops += 1 }
        }
        #expect(table.records.count == 16 && drops == 984)
    }

    @Test("a flood of node ids from everywhere does not grow the table, nor push out who answers")
    func floodFromEverywhere() throws {
        var limits = DirectoryLimits()
        limits.peers = 100
        var table = table(limits: limits)
        _ = try table.hear(Samples.hello(1, version: 1), from: lan, now: Samples.at(0))
        _ = table.startInquiries(now: Samples.at(1))
        let page = InventoryPage(epoch: 1, version: 1, full: true, added: Samples.entries(0..<3))
        table.finishInventory(
            Samples.node(1), at: address, epoch: 1, reading: try InventoryReading(page, limits: limits),
            now: Samples.at(1))
        for number in 2...5000 as ClosedRange<UInt64> {
            let source = IPAddress(family: .v4, bits: 0x0a10_0000 + UInt128(number))
            _ = try? table.hear(Samples.hello(number, version: 1), from: source, now: Samples.at(2))
        }
        #expect(table.records.count == 100)
        #expect(holders(table, 1, at: 3) == [Samples.node(1)])
    }

    @Test("invented nodes get half of the places for questions, and honest ones the others")
    func inquiryPlaces() throws {
        var table = try acquainted()
        table.records[Samples.node(1)]?.hasAnswered = true
        for number in 2...60 as ClosedRange<UInt64> {
            let source = IPAddress(family: .v4, bits: 0x0a10_0000 + UInt128(number))
            _ = try table.hear(Samples.hello(number, version: 9), from: source, now: Samples.at(1))
        }
        let first = table.startInquiries(now: Samples.at(2)).start
        #expect(first.count == 4)
        _ = try table.hear(Samples.hello(1, sequence: 2, version: 9), from: lan, now: Samples.at(2))
        #expect(table.startInquiries(now: Samples.at(3)).start.map { $0.node } == [Samples.node(1)])
    }

    @Test("a handle given anew does not inherit what its first owner held")
    func handles() throws {
        var table = try acquainted()
        _ = try table.hear(Samples.bye(1, sequence: 2), from: lan, now: Samples.at(1))
        _ = try table.hear(Samples.hello(2), from: Samples.ip("10.0.0.3"), now: Samples.at(1))
        #expect(holders(table, 1, at: 1).isEmpty)
        #expect(table.peer(Samples.node(2), now: Samples.at(1))?.blobs == 0)
    }
}
