import Testing

@testable import Discovery

/// Nodes beyond broadcast. 10.0.0.0/16 is the LAN of the table, the rest is beyond a router.
@Suite struct PeerTableIntroductionTests {
    private func table(limits: DirectoryLimits = .init()) -> PeerTable {
        var table = PeerTable(
            own: Samples.node(0), rules: .init(requiresProof: false, believesReferences: false, limits: limits))
        let lan = AddressBlock(Samples.ip("10.0.0.0"), prefixLength: 16)
        table.isNeighbour = { lan.contains($0) }
        return table
    }

    /// With a neighbour, node 1, that counts.
    private func acquainted() throws -> PeerTable {
        var table = table()
        _ = try table.hear(Samples.hello(1), from: Samples.ip("10.0.0.1"), now: Samples.at(0))
        return table
    }

    private func introduced(
        _ number: UInt64, ip: String = "10.9.0.2", epoch: UInt64 = 1, version: UInt64 = 0, hops: Int = 1,
        age: Duration = .zero
    ) -> Beacon.Introduced {
        Beacon.Introduced(
            node: Samples.node(number), ip: Samples.ip(ip), httpPort: 5051, epoch: epoch, version: version, hops: hops,
            age: age)
    }

    private func introduction(_ nodes: [Beacon.Introduced], by number: UInt64 = 1, sequence: UInt64 = 2) -> Beacon {
        Beacon(node: Samples.node(number), epoch: 1, sequence: sequence, payload: .introduction(nodes))
    }

    private func introduce(_ table: inout PeerTable, _ nodes: [Beacon.Introduced], at seconds: Double) throws {
        _ = try table.hear(introduction(nodes), from: Samples.ip("10.0.0.1"), now: Samples.at(seconds))
    }

    /// Answers whatever is asked of a node now.
    private func answer(_ table: inout PeerTable, _ number: UInt64, version: UInt64 = 0, at seconds: Double) {
        for case .node(let id, let address) in table.startInquiries(now: Samples.at(seconds)).start
        where id == Samples.node(number) {
            table.finishNode(
                id, at: address, document: Samples.document(number, version: version), now: Samples.at(seconds))
        }
    }

    /// Answers everybody.
    private func answerAll(_ table: inout PeerTable, at seconds: Double) {
        while case let start = table.startInquiries(now: Samples.at(seconds)).start, !start.isEmpty {
            for case .node(let id, let address) in start {
                let document = (1...100).first { Samples.node($0) == id }.map { Samples.document($0) }
                table.finishNode(id, at: address, document: document, now: Samples.at(seconds))
            }
        }
    }

    // MARK: Being told

    @Test("a node that is told of counts once it has answered itself")
    func counts() throws {
        var table = try acquainted()
        try introduce(&table, [introduced(2)], at: 1)
        #expect(table.peer(Samples.node(2), now: Samples.at(1)) == nil)
        answer(&table, 2, at: 1)
        let peer = try #require(table.peer(Samples.node(2), now: Samples.at(1)))
        #expect(peer.sources == [.introduced] && peer.state == .alive)
        #expect(peer.addresses == [PeerAddress(host: "10.9.0.2", port: 5051)])
    }

    @Test("it lives for as long as somebody says that it was heard, and then is asked itself")
    func liveness() throws {
        var table = try acquainted()
        try introduce(&table, [introduced(2)], at: 1)
        answer(&table, 2, at: 1)
        try introduce(&table, [introduced(2, age: .seconds(3))], at: 40)
        #expect(table.records[Samples.node(2)]?.heardAt == Samples.at(37))
        #expect(table.peer(Samples.node(2), now: Samples.at(60))?.state == .alive)
        table.tick(now: Samples.at(60))
        let asked = table.startInquiries(now: Samples.at(60)).start
        #expect(asked.contains { $0.node == Samples.node(2) })
        #expect(table.peer(Samples.node(2), now: Samples.at(95))?.state == .suspect)
    }

    @Test("a newer version is fetched, and a new epoch is asked for at the node itself")
    func news() throws {
        var table = try acquainted()
        try introduce(&table, [introduced(2)], at: 1)
        answer(&table, 2, at: 1)
        try introduce(&table, [introduced(2, version: 4)], at: 2)
        let mended = table.startInquiries(now: Samples.at(3)).start
        #expect(
            mended == [
                .inventory(
                    Samples.node(2), at: PeerAddress(host: "10.9.0.2", port: 5051), epoch: 1, since: 0)
            ])
        try introduce(&table, [introduced(2, epoch: 2)], at: 4)
        #expect(table.records[Samples.node(2)]?.epoch == 1)
        let asked = table.startInquiries(now: Samples.at(5)).start
        #expect(asked.contains(.node(Samples.node(2), at: PeerAddress(host: "10.9.0.2", port: 5051))))
    }

    @Test("what others say of a node that speaks here itself is of no account")
    func ownWord() throws {
        var table = try acquainted()
        _ = try table.hear(Samples.hello(2), from: Samples.ip("10.0.0.2"), now: Samples.at(1))
        try introduce(&table, [introduced(2, ip: "10.9.9.9", epoch: 9, version: 9)], at: 2)
        let record = try #require(table.records[Samples.node(2)])
        #expect(record.addresses.map(\.address.host) == ["10.0.0.2"] && record.heardVersion == 0)
    }

    @Test("a node does not take up itself, nor addresses where it may not look, nor strangers' introductions")
    func refused() throws {
        var table = try acquainted()
        table.allows = { $0 != Samples.ip("10.9.0.3") }
        try introduce(&table, [introduced(0), introduced(3, ip: "10.9.0.3")], at: 1)
        #expect(table.records.count == 1)
        #expect(throws: BeaconDrop.unknownNode) {
            try table.hear(
                introduction([introduced(2)], by: 66), from: Samples.ip("10.0.0.66"), now: Samples.at(1))
        }
        #expect(throws: BeaconDrop.unknownNode) {
            try table.hear(introduction([introduced(2)]), from: Samples.ip("10.0.0.66"), now: Samples.at(1))
        }
    }

    @Test("a flood of invented nodes does not keep out who speaks for itself, from an address they claim either")
    func flood() throws {
        var limits = DirectoryLimits()
        limits.peers = 200
        var table = table(limits: limits)
        _ = try table.hear(Samples.hello(1), from: Samples.ip("10.0.0.1"), now: Samples.at(0))
        for batch in 0..<40 as Range<UInt64> {
            let nodes = (0..<14 as Range<UInt64>).map { index in
                introduced(1000 + batch * 14 + index, ip: "10.0.1.\(batch + 1)")
            }
            _ = try table.hear(
                introduction(nodes, sequence: 2 + batch), from: Samples.ip("10.0.0.1"), now: Samples.at(1))
        }
        #expect(table.records.count <= table.rules.limits.peers)
        for number in 10...40 as ClosedRange<UInt64> {
            _ = try table.hear(Samples.hello(number), from: Samples.ip("10.0.1.\(number)"), now: Samples.at(2))
        }
        #expect((10...40).allSatisfy { table.peer(Samples.node($0), now: Samples.at(2))?.state == .alive })
        #expect(table.startInquiries(now: Samples.at(2)).start.count <= table.rules.limits.inquiries)
    }

    // MARK: Telling

    @Test("neighbours are told of nodes beyond the LAN, once while nothing is new, and not of each other")
    func toNeighbours() throws {
        var table = try acquainted()
        _ = try table.hear(Samples.hello(5), from: Samples.ip("10.9.0.5"), now: Samples.at(1))
        #expect(table.peer(Samples.node(5), now: Samples.at(1))?.sources == [.introduced])
        let told = table.introductionsToNeighbours(isRound: false, now: Samples.at(2))
        #expect(told.map(\.node) == [Samples.node(5)] && told.first?.hops == 1)
        #expect(table.introductionsToNeighbours(isRound: false, now: Samples.at(3)).isEmpty)
        _ = try table.hear(Samples.hello(5, sequence: 2, version: 3), from: Samples.ip("10.9.0.5"), now: Samples.at(4))
        #expect(table.introductionsToNeighbours(isRound: false, now: Samples.at(5)).map(\.version) == [3])
        _ = try table.hear(Samples.hello(5, sequence: 3, version: 3), from: Samples.ip("10.9.0.5"), now: Samples.at(18))
        #expect(table.introductionsToNeighbours(isRound: true, now: Samples.at(19)).count == 1)
    }

    @Test("what another neighbour has told is not told again")
    func suppressed() throws {
        var table = try acquainted()
        _ = try table.hear(Samples.hello(5), from: Samples.ip("10.9.0.5"), now: Samples.at(1))
        try introduce(&table, [introduced(5, ip: "10.9.0.5")], at: 1.5)
        #expect(table.introductionsToNeighbours(isRound: true, now: Samples.at(2)).isEmpty)
    }

    @Test("who speaks from beyond the LAN gets Hellos there, and is told of everybody but those it told of")
    func toLinks() throws {
        var table = try acquainted()
        _ = try table.hear(Samples.hello(5), from: Samples.ip("10.9.0.5"), now: Samples.at(1))
        _ = try table.hear(
            introduction([introduced(6, ip: "10.9.0.6")], by: 5), from: Samples.ip("10.9.0.5"), now: Samples.at(1))
        answerAll(&table, at: 1)
        let target = BeaconTarget(ip: Samples.ip("10.9.0.5"), port: 5051)
        #expect(table.links(port: 5051, now: Samples.at(2)) == [target])
        let told = table.introductionsToLinks(port: 5051, isRound: false, now: Samples.at(2))
        #expect(told.map(\.0) == [target] && told.first?.1.map(\.node) == [Samples.node(1)])
        #expect(table.introductionsToLinks(port: 5051, isRound: false, now: Samples.at(3)).isEmpty)
        // The LAN is told of both.
        #expect(
            table.introductionsToNeighbours(isRound: false, now: Samples.at(3)).map(\.hops).sorted() == [1, 2])
    }

    @Test("after three hops nobody is told any more")
    func hops() throws {
        var table = try acquainted()
        try introduce(&table, [introduced(2, hops: 2), introduced(3, ip: "10.9.0.3", hops: 3)], at: 1)
        answer(&table, 2, at: 1)
        answer(&table, 3, at: 1)
        _ = try table.hear(Samples.hello(5), from: Samples.ip("10.8.0.5"), now: Samples.at(1))
        answerAll(&table, at: 1)
        let told = table.introductionsToLinks(port: 5051, isRound: false, now: Samples.at(2))
        #expect(told.first?.1.map(\.hops).sorted() == [1, 3])
    }

    @Test("a Hello that came in another's name brings none there while nobody has answered")
    func forgedLink() throws {
        var table = try acquainted()
        _ = try table.hear(Samples.hello(5), from: Samples.ip("10.9.0.5"), now: Samples.at(1))
        #expect(table.links(port: 5051, now: Samples.at(2)).isEmpty)
        #expect(table.introductionsToLinks(port: 5051, isRound: true, now: Samples.at(2)).isEmpty)
        answerAll(&table, at: 3)
        #expect(table.links(port: 5051, now: Samples.at(4)).count == 1)
    }

    @Test("of many links sixteen are kept")
    func manyLinks() throws {
        var table = try acquainted()
        for number in 1...100 as ClosedRange<UInt64> {
            _ = try table.hear(Samples.hello(number), from: Samples.ip("10.9.1.\(number)"), now: Samples.at(1))
        }
        answerAll(&table, at: 1)
        #expect(table.links(port: 5051, now: Samples.at(2)).count == PeerTable.linkLimit)
        #expect(table.links(port: 5051, now: Samples.at(300)).isEmpty)
    }
}
