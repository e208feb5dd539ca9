import OCI
import Testing

@testable import Discovery

/// With a cluster key.
@Suite struct PeerTableProofTests {
    private let lan = Samples.ip("10.0.0.2")
    private let address = PeerAddress(host: "10.0.0.2", port: 5051)
    private let id = Samples.node(1)

    private func table() -> PeerTable {
        PeerTable(own: Samples.node(0), rules: .init(requiresProof: true, believesReferences: true))
    }

    private func proved(epoch: UInt64 = 5) throws -> PeerTable {
        var table = table()
        _ = try table.hear(Samples.hello(1, epoch: epoch, sequence: 10), from: lan, now: Samples.at(0))
        _ = table.startInquiries(now: Samples.at(0))
        table.finishNode(id, at: address, document: Samples.document(1, epoch: epoch), now: Samples.at(0.1))
        return table
    }

    @Test("a node counts once it has proved that it holds the key, and not before")
    func counts() throws {
        var table = table()
        let changes = InventoryState.Changes(since: 0, added: [Samples.entry(1)], removed: [])
        _ = try table.hear(Samples.hello(1, version: 1, changes: changes), from: lan, now: Samples.at(0))
        #expect(table.peers(now: Samples.at(0)).isEmpty)
        #expect(table.holders(of: Samples.digest(1), now: Samples.at(0)).isEmpty)
        #expect(table.startInquiries(now: Samples.at(0)).start == [.node(id, at: address)])
        table.finishNode(id, at: address, document: Samples.document(1, version: 1), now: Samples.at(0.1))
        #expect(table.holders(of: Samples.digest(1), now: Samples.at(0.1)).map(\.peer.id) == [id])
    }

    @Test(
        "without a key, too, a node counts only once it has answered where that is asked for; its word is taken as ever"
    )
    func answersFirst() throws {
        var table = PeerTable(
            own: Samples.node(0), rules: .init(requiresProof: false, believesReferences: false, asksFirst: true))
        let changes = InventoryState.Changes(since: 0, added: [Samples.entry(1)], removed: [])
        _ = try table.hear(Samples.hello(1, version: 1, changes: changes), from: lan, now: Samples.at(0))
        #expect(table.peers(now: Samples.at(0)).isEmpty)
        #expect(table.startInquiries(now: Samples.at(0)).start == [.node(id, at: address)])
        table.finishNode(id, at: address, document: nil, now: Samples.at(0.1))
        #expect(table.peers(now: Samples.at(0.1)).isEmpty)
        _ = try table.hear(Samples.hello(1, version: 1), from: lan, now: Samples.at(5))
        #expect(table.startInquiries(now: Samples.at(5)).start == [.node(id, at: address)])
        table.finishNode(id, at: address, document: Samples.document(1, version: 1), now: Samples.at(5.1))
        #expect(table.holders(of: Samples.digest(1), now: Samples.at(5.1)).map(\.peer.id) == [id])
        #expect(!table.isMember(lan))
    }

    @Test(
        "a node that proves nothing is asked again when it is heard again, later each time, and forgotten after a minute"
    )
    func provesNothing() throws {
        var table = table()
        _ = try table.hear(Samples.hello(1), from: lan, now: Samples.at(0))
        _ = table.startInquiries(now: Samples.at(0))
        table.finishNode(id, at: address, document: nil, now: Samples.at(0.1))
        #expect(table.startInquiries(now: Samples.at(5)).start.isEmpty)
        _ = try table.hear(Samples.hello(1, sequence: 2), from: lan, now: Samples.at(5))
        #expect(table.startInquiries(now: Samples.at(5)).start.count == 1)
        table.tick(now: Samples.at(61))
        #expect(table.records.isEmpty)
    }

    @Test("a datagram heard before is a replay, whatever it says")
    func replay() throws {
        var table = try proved()
        #expect(throws: BeaconDrop.replayed) {
            try table.hear(Samples.hello(1, epoch: 5, sequence: 10), from: lan, now: Samples.at(1))
        }
        #expect(throws: BeaconDrop.replayed) {
            try table.hear(Samples.bye(1, epoch: 5, sequence: 10), from: lan, now: Samples.at(1))
        }
        _ = try table.hear(Samples.hello(1, epoch: 5, sequence: 12), from: lan, now: Samples.at(1))
        _ = try table.hear(Samples.hello(1, epoch: 5, sequence: 11), from: lan, now: Samples.at(1))
    }

    @Test("a datagram of an earlier start is dropped while the node is alive")
    func oldEpoch() throws {
        var table = try proved()
        #expect(throws: BeaconDrop.oldEpoch) {
            try table.hear(Samples.hello(1, epoch: 4, sequence: 99), from: lan, now: Samples.at(1))
        }
        #expect(throws: BeaconDrop.unknownNode) {
            try table.hear(Samples.bye(1, epoch: 4, sequence: 99), from: lan, now: Samples.at(1))
        }
    }

    @Test("a node restored from a backup comes back under its earlier epoch once it has proved that it is there")
    func restored() throws {
        var table = try proved()
        _ = try table.hear(Samples.hello(1, epoch: 3), from: lan, now: Samples.at(60))
        #expect(table.startInquiries(now: Samples.at(60)).start == [.node(id, at: address)])
        table.finishNode(id, at: address, document: Samples.document(1, epoch: 3), now: Samples.at(60))
        #expect(table.peer(id, now: Samples.at(60))?.epoch == 3)
        #expect(table.peer(id, now: Samples.at(60))?.state == .alive)
    }

    @Test("a later epoch counts once the node itself says so")
    func laterEpoch() throws {
        var table = try proved()
        _ = try table.hear(Samples.hello(1, epoch: 6), from: lan, now: Samples.at(2))
        #expect(table.peer(id, now: Samples.at(2))?.epoch == 5)
        _ = table.startInquiries(now: Samples.at(2))
        table.finishNode(id, at: address, document: Samples.document(1, epoch: 6), now: Samples.at(2))
        #expect(table.peer(id, now: Samples.at(2))?.epoch == 6)
    }

    @Test("questions are answered to members only, and each once")
    func questions() throws {
        var table = try proved()
        let question = Beacon.WhoHas(question: 1, digests: [Samples.digest(1)], references: [])
        let asked = Beacon(node: id, epoch: 5, sequence: 20, payload: .whoHas(question))
        #expect(try table.hear(asked, from: lan, now: Samples.at(1)).question == question)
        #expect(throws: BeaconDrop.replayed) { try table.hear(asked, from: lan, now: Samples.at(1)) }
        let stranger = Beacon(node: Samples.node(2), epoch: 1, sequence: 1, payload: .whoHas(question))
        #expect(throws: BeaconDrop.unknownNode) { try table.hear(stranger, from: lan, now: Samples.at(1)) }
    }
}
