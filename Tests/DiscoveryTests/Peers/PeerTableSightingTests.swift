import OCI
import Testing

@testable import Discovery

@Suite struct PeerTableSightingTests {
    private let address = PeerAddress(host: "10.0.0.2", port: 5051)

    private func table(hasKey: Bool = false) -> PeerTable {
        PeerTable(own: Samples.node(0), rules: .init(requiresProof: hasKey, believesReferences: false))
    }

    private func seen(
        _ source: Peer.Source = .mdns, _ number: UInt64? = 1, epoch: UInt64? = 1, version: UInt64? = 0
    ) -> Sighting {
        Sighting(
            source: source, id: number.map(Samples.node), name: "node", addresses: [address], epoch: epoch,
            version: version)
    }

    private func sighted(_ sighting: Sighting, hasKey: Bool = false) -> PeerTable {
        var table = table(hasKey: hasKey)
        table.sight(sighting, now: Samples.at(0))
        return table
    }

    /// A table in which node 1 was seen and has answered.
    private func met(_ source: Peer.Source = .mdns) -> PeerTable {
        var table = sighted(seen(source))
        _ = table.startInquiries(now: Samples.at(0))
        table.finishNode(Samples.node(1), at: address, document: Samples.document(1), now: Samples.at(0))
        return table
    }

    @Test("a node that was seen counts once it has answered", arguments: [true, false])
    func counts(hasKey: Bool) {
        var table = sighted(seen(), hasKey: hasKey)
        #expect(table.peers(now: Samples.at(0)).isEmpty)
        #expect(table.startInquiries(now: Samples.at(0)).start == [.node(Samples.node(1), at: address)])
        table.finishNode(Samples.node(1), at: address, document: Samples.document(1), now: Samples.at(0.1))
        #expect(table.peer(Samples.node(1), now: Samples.at(0.1))?.sources == [.mdns])
        #expect(table.peer(Samples.node(1), now: Samples.at(0.1))?.state == .alive)
    }

    @Test("one that does not speak here is asked now and then, and lives by its answers")
    func checkups() {
        var table = met()
        var second = 0.0
        while second < 300 {
            second += 1
            table.tick(now: Samples.at(second))
            for case .node(let id, let address) in table.startInquiries(now: Samples.at(second)).start {
                table.finishNode(id, at: address, document: Samples.document(1), now: Samples.at(second))
            }
            #expect(table.peer(Samples.node(1), now: Samples.at(second))?.state == .alive)
        }
    }

    @Test("one that dies is put aside at the first checkup that fails")
    func dead() {
        var table = met()
        table.tick(now: Samples.at(7))
        #expect(table.startInquiries(now: Samples.at(7)).start.count == 1)
        table.finishNode(Samples.node(1), at: address, document: nil, now: Samples.at(7.2))
        #expect(table.peer(Samples.node(1), now: Samples.at(7.2))?.state == .suspect)
    }

    @Test("one that nothing tells of any more is asked, and forgotten where it does not answer")
    func lost() {
        var table = met()
        table.lose(Samples.node(1), source: .mdns, now: Samples.at(3))
        #expect(table.startInquiries(now: Samples.at(3)).start == [.node(Samples.node(1), at: address)])
        table.finishNode(Samples.node(1), at: address, document: nil, now: Samples.at(3.1))
        #expect(table.peers(now: Samples.at(3.1)).isEmpty)
        #expect(table.takeEvents().last == .left(Samples.node(1), name: "node-1"))
    }

    @Test("one that something else still tells of stays")
    func stillTold() throws {
        var table = met()
        _ = try table.hear(Samples.hello(1), from: Samples.ip("10.0.0.2"), now: Samples.at(1))
        table.lose(Samples.node(1), source: .mdns, now: Samples.at(3))
        #expect(table.startInquiries(now: Samples.at(3)).start.isEmpty)
        #expect(table.peer(Samples.node(1), now: Samples.at(3))?.sources == [.broadcast])
    }

    @Test("a newer version than is known is fetched")
    func version() {
        var table = met()
        table.sight(seen(version: 9), now: Samples.at(2))
        #expect(
            table.startInquiries(now: Samples.at(3)).start == [
                .inventory(Samples.node(1), at: address, epoch: 1, since: 0)
            ])
    }

    @Test(
        "one that does not speak here is looked at once more after news of it, for news come in bursts; one that speaks is not"
    )
    func bursts() throws {
        for speaks in [false, true] {
            var table = met()
            if speaks { _ = try table.hear(Samples.hello(1), from: Samples.ip("10.0.0.2"), now: Samples.at(1)) }
            table.sight(seen(version: 9), now: Samples.at(2))
            _ = table.startInquiries(now: Samples.at(3))
            let page = InventoryPage(epoch: 1, version: 9, full: false, added: [])
            table.finishInventory(
                Samples.node(1), at: address, epoch: 1,
                reading: try InventoryReading(page, limits: DirectoryLimits()), now: Samples.at(3))
            #expect(table.startInquiries(now: Samples.at(3.2)).start.isEmpty)
            #expect(
                table.startInquiries(now: Samples.at(3.6)).start
                    == (speaks ? [] : [.node(Samples.node(1), at: address)]))
        }
    }

    @Test("addresses where this node may not look are passed over, but not those that the operator named")
    func allowed() {
        for (source, isTaken) in [(Peer.Source.mdns, false), (.introduced, false), (.static, true), (.dns, true)] {
            var table = table()
            table.allows = { _ in false }
            table.sight(seen(source), now: Samples.at(0))
            #expect(table.records.isEmpty != isTaken)
        }
    }

    // MARK: Addresses without a name

    @Test("who is at an address that the operator named is asked until somebody answers")
    func caller() {
        var table = sighted(seen(.static, nil))
        #expect(table.startInquiries(now: Samples.at(0)).start == [.caller(at: address)])
        table.finishCaller(at: address, document: nil, now: Samples.at(0.1))
        let (start, next) = table.startInquiries(now: Samples.at(0.2))
        #expect(start.isEmpty && next == Samples.at(0.1) + .milliseconds(250))
        #expect(table.startInquiries(now: Samples.at(1)).start == [.caller(at: address)])
        table.finishCaller(at: address, document: Samples.document(1), now: Samples.at(1))
        let peer = table.peer(Samples.node(1), now: Samples.at(1))
        #expect(peer?.sources == [.static] && peer?.addresses == [address] && peer?.name == "node-1")
        #expect(table.callers.isEmpty)
    }

    @Test("the same name answered again adds nothing, and a name that is this node itself is asked once")
    func again() {
        var table = sighted(seen(.static, nil))
        _ = table.startInquiries(now: Samples.at(0))
        table.finishCaller(at: address, document: Samples.document(0), now: Samples.at(0))
        table.sight(seen(.dns, nil), now: Samples.at(30))
        #expect(table.startInquiries(now: Samples.at(31)).start.isEmpty && table.records.isEmpty)

        var other = met()
        other.sight(seen(.dns, nil), now: Samples.at(1))
        #expect(other.callers.isEmpty)
        #expect(other.peer(Samples.node(1), now: Samples.at(1))?.sources == [.mdns, .dns])
    }

    @Test("addresses are bounded, and one that is told of no longer is forgotten")
    func bounded() {
        var table = table()
        for number in 0..<1000 {
            let address = PeerAddress(host: "10.1.\(number / 200).\(number % 200 + 1)", port: 5051)
            table.sight(Sighting(source: .dns, addresses: [address]), now: Samples.at(0))
        }
        #expect(table.callers.count == Caller.limit)
        #expect(table.startInquiries(now: Samples.at(0)).start.count <= table.rules.limits.inquiries * 2)
        table.tick(now: Samples.at(200))
        #expect(table.callers.isEmpty)
    }

    @Test("until it is known who is there, Hellos go to the address all the same: then it may ask first")
    func helloAhead() {
        let table = sighted(seen(.static, nil))
        #expect(
            table.links(port: 5051, now: Samples.at(0)) == [BeaconTarget(ip: Samples.ip("10.0.0.2"), port: 5051)])
    }

    // MARK: Doubt

    @Test("when one holder is slow the others that were not heard for a second are asked whether they are there")
    func doubt() throws {
        var table = table()
        let changes = InventoryState.Changes(since: 0, added: [Samples.entry(0)], removed: [])
        for (number, second) in [(1, 0.0), (2, 0), (3, 3)] as [(UInt64, Double)] {
            _ = try table.hear(
                Samples.hello(number, version: 1, count: 1, changes: changes), from: Samples.ip("10.0.0.\(number)"),
                now: Samples.at(second))
        }
        table.doubt(holdersOf: Samples.digest(0), now: Samples.at(3.5))
        let asked = table.startInquiries(now: Samples.at(3.5)).start
        #expect(Set(asked.compactMap(\.node)) == [Samples.node(1), Samples.node(2)])
        for case .node(let id, let address) in asked {
            table.finishNode(id, at: address, document: nil, now: Samples.at(3.7))
        }
        #expect(table.holders(of: Samples.digest(0), now: Samples.at(3.7)).map(\.peer.id) == [Samples.node(3)])
    }

    // MARK: Order of addresses

    @Test(
        "addresses are tried in an order",
        arguments: [
            ("10.0.0.1", "10.9.0.1"), ("fd00::1", "10.0.0.1"), ("10.0.0.1", "fe80::1%eth0"), ("10.0.0.1", "fd09::1"),
        ])
    func order(better: String, worse: String) {
        func known(_ text: String) -> KnownAddress {
            let ip = Samples.ip(text)
            return KnownAddress(
                ip: ip, port: 5051, isConfirmed: true, isNeighbour: !text.contains("9"), now: Samples.at(0))
        }
        var (first, second) = (known(better), known(worse))
        #expect(first.isBetter(than: second, now: Samples.at(1)))
        #expect(!second.isBetter(than: first, now: Samples.at(1)))
        first.failed(now: Samples.at(1))
        #expect(second.isBetter(than: first, now: Samples.at(1)))
        second.worked(now: Samples.at(1))
        #expect(second.isBetter(than: first, now: Samples.at(1)))
    }

    @Test("of two addresses alike the one that worked is remembered")
    func remembered() {
        var first = KnownAddress(ip: Samples.ip("10.0.0.1"), port: 1, isConfirmed: true, now: Samples.at(5))
        var second = KnownAddress(ip: Samples.ip("10.0.0.2"), port: 1, isConfirmed: true, now: Samples.at(0))
        #expect(first.isBetter(than: second, now: Samples.at(6)))
        second.worked(now: Samples.at(6))
        #expect(second.isBetter(than: first, now: Samples.at(7)))
        first.worked(now: Samples.at(8))
        #expect(first.isBetter(than: second, now: Samples.at(9)))
    }
}
