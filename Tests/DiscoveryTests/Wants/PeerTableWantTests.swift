import OCI
import Testing

@testable import Discovery

/// Whose word counts for who fetches what, and for how long.
@Suite struct PeerTableWantTests {
    private static let blob = Samples.digest(1)
    private static let lan = Samples.ip("10.0.0.2")

    /// A table with one peer, which fetches the blob.
    private static func fetching(hasKey: Bool = false) throws -> PeerTable {
        var table = PeerTable(own: Samples.node(0), rules: .init(requiresProof: hasKey, believesReferences: false))
        _ = try table.hear(Samples.hello(1), from: lan, now: Samples.at(0))
        if hasKey {
            _ = table.startInquiries(now: Samples.at(0))
            let address = PeerAddress(host: lan.description, port: 5051)
            table.finishNode(Samples.node(1), at: address, document: Samples.document(1), now: Samples.at(0))
        }
        let hearing = try table.hear(Samples.want(1, [Samples.wanted(1, size: 7)]), from: lan, now: Samples.at(0))
        #expect(hearing.wanted == [blob])
        #expect(nodes(table, at: 0) == [Samples.node(1)])
        return table
    }

    private static func nodes(_ table: PeerTable, at seconds: Double) -> [NodeID] {
        table.wanters(of: blob, now: Samples.at(seconds)).map(\.node)
    }

    @Test("it is forgotten after three intervals without repetition", arguments: [5, 20])
    func memory(interval: Int) throws {
        var table = try Self.fetching()
        let beacon = Samples.want(1, [Samples.wanted(1)], interval: .seconds(interval))
        _ = try table.hear(beacon, from: Self.lan, now: Samples.at(0))
        for second in stride(from: 3, to: 3 * interval, by: 3) {
            _ = try table.hear(Samples.hello(1), from: Self.lan, now: Samples.at(Double(second)))
        }
        #expect(Self.nodes(table, at: Double(3 * interval) - 0.1) == [Samples.node(1)])
        #expect(Self.nodes(table, at: Double(3 * interval)).isEmpty)
    }

    @Test("the word of a stranger, of another epoch and from another address does not count")
    func strangers() throws {
        var table = try Self.fetching()
        let other = [Samples.wanted(2)]
        #expect(throws: BeaconDrop.unknownNode) {
            try table.hear(Samples.want(2, other), from: Self.lan, now: Samples.at(0))
        }
        #expect(throws: BeaconDrop.unknownNode) {
            try table.hear(Samples.want(1, other, epoch: 2), from: Self.lan, now: Samples.at(0))
        }
        #expect(throws: BeaconDrop.unknownNode) {
            try table.hear(Samples.want(1, other), from: Samples.ip("10.0.0.9"), now: Samples.at(0))
        }
        #expect(table.wanters(of: Samples.digest(2), now: Samples.at(0)).isEmpty)
    }

    @Test("with a key a node that has not proved it does not count, and nothing counts twice")
    func proof() throws {
        var table = try Self.fetching(hasKey: true)
        _ = try table.hear(Samples.hello(2), from: Samples.ip("10.0.0.3"), now: Samples.at(0))
        #expect(throws: BeaconDrop.unknownNode) {
            try table.hear(Samples.want(2, [Samples.wanted(1)]), from: Samples.ip("10.0.0.3"), now: Samples.at(0))
        }
        #expect(throws: BeaconDrop.replayed) {
            try table.hear(Samples.want(1, [Samples.wanted(1)]), from: Self.lan, now: Samples.at(0))
        }
    }

    @Test("a node that leaves, or starts anew, fetches nothing", arguments: [true, false])
    func leaving(restarts: Bool) throws {
        var table = try Self.fetching()
        if restarts {
            let address = PeerAddress(host: Self.lan.description, port: 5051)
            table.finishNode(Samples.node(1), at: address, document: Samples.document(1, epoch: 2), now: Samples.at(1))
            #expect(table.expireWants(now: Samples.at(1)) == [Self.blob])
        } else {
            let hearing = try table.hear(Samples.bye(1, sequence: 3), from: Self.lan, now: Samples.at(1))
            #expect(hearing.wanted == [Self.blob])
        }
        #expect(Self.nodes(table, at: 1).isEmpty)
    }

    @Test("a node to which a connection failed goes on being a wanter for as long as it is heard")
    func suspicion() throws {
        var table = try Self.fetching()
        let address = PeerAddress(host: Self.lan.description, port: 5051)
        table.report(.refused, of: Samples.node(1), at: address, now: Samples.at(1))
        #expect(table.expireWants(now: Samples.at(1)).isEmpty)
        #expect(Self.nodes(table, at: 1) == [Samples.node(1)])
    }

    @Test("who fetches is alive, though its Hellos are lost")
    func alive() throws {
        var table = try Self.fetching()
        _ = try table.hear(Samples.want(1, [Samples.wanted(1)]), from: Self.lan, now: Samples.at(17))
        #expect(Self.nodes(table, at: 20) == [Samples.node(1)])
    }

    @Test("a peer that asks here for pieces fetches the blob, and a stranger who asks does not")
    func asking() throws {
        var table = try Self.fetching()
        let digest = Samples.digest(2)
        #expect(table.heard(Samples.node(1), wants: digest, now: Samples.at(0)) == [digest])
        #expect(table.heard(Samples.node(1), wants: digest, now: Samples.at(1)).isEmpty)
        #expect(table.heard(Samples.node(2), wants: digest, now: Samples.at(1)).isEmpty)
        #expect(table.wanters(of: digest, now: Samples.at(15)).map(\.node) == [Samples.node(1)])
        #expect(table.wanters(of: digest, now: Samples.at(16)).isEmpty)
    }
}
