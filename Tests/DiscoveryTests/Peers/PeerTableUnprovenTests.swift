import Testing

@testable import Discovery

/// Addresses that strangers name, and where nobody answers.
@Suite struct PeerTableUnprovenTests {
    private static let victim = Samples.ip("10.0.0.77")

    private func table() -> PeerTable {
        PeerTable(own: Samples.node(0), rules: .init(requiresProof: false, believesReferences: false))
    }

    /// Four minutes in which nobody answers, a second each.
    /// - Parameter tell: makes the table hear something.
    /// - Returns: how often the victim was asked, and how many questions were under way at once at most.
    private func endure(
        _ table: inout PeerTable, tell: (inout PeerTable, _ second: UInt64) throws -> Void
    ) rethrows -> (asked: Int, atOnce: Int) {
        var (asked, atOnce) = (0, 0)
        for second in 0..<240 as Range<UInt64> {
            try tell(&table, second)
            for quarter in 0..<4 {
                let now = Samples.at(Double(second) + Double(quarter) / 4)
                table.tick(now: now)
                let start = table.startInquiries(now: now).start.filter { $0.address.host == Self.victim.description }
                asked += start.count
                atOnce = max(atOnce, start.count)
                for inquiry in start { fail(&table, inquiry, now: now + .milliseconds(1)) }
            }
        }
        return (asked, atOnce)
    }

    private func fail(_ table: inout PeerTable, _ inquiry: Inquiry, now: ContinuousClock.Instant) {
        switch inquiry {
        case .node(let id, let address): table.finishNode(id, at: address, document: nil, now: now)
        case .inventory(let id, let address, let epoch, _):
            table.finishInventory(id, at: address, epoch: epoch, reading: nil, now: now)
        case .caller(let address): table.finishCaller(at: address, document: nil, now: now)
        }
    }

    @Test("an address of which others tell, as of fourteen other nodes each second, is asked some times in minutes")
    func introductions() throws {
        var table = table()
        let (asked, atOnce) = try endure(&table) { table, second in
            let now = Samples.at(Double(second))
            _ = try table.hear(Samples.hello(1, sequence: 2 * second + 1), from: Samples.ip("10.0.0.1"), now: now)
            let nodes = (0..<14 as Range<UInt64>).map { number in
                Beacon.Introduced(
                    node: Samples.node(100 + second * 14 + number), ip: Self.victim, httpPort: UInt16(1000 + number),
                    epoch: 1, version: 1, hops: 1, age: .zero)
            }
            let introduction = Beacon(
                node: Samples.node(1), epoch: 1, sequence: 2 * second + 2, payload: .introduction(nodes))
            _ = try table.hear(introduction, from: Samples.ip("10.0.0.1"), now: now)
        }
        #expect((4...16).contains(asked), "\(asked) times")
        #expect(atOnce == 1)
    }

    @Test("an address that is forged on Hellos of ever new nodes is asked some times in minutes")
    func hellos() {
        var table = table()
        let (asked, atOnce) = endure(&table) { table, second in
            for number in 0..<14 as Range<UInt64> {
                // Of many nodes at one address some are not let in.
                _ = try? table.hear(
                    Samples.hello(100 + second * 14 + number, version: 3), from: Self.victim,
                    now: Samples.at(Double(second)))
            }
        }
        #expect((4...16).contains(asked), "\(asked) times")
        #expect(atOnce == 1)
    }

    @Test("an address of which mDNS tells, as of ever new nodes, is asked some times in minutes")
    func sightings() {
        var table = table()
        let (asked, atOnce) = endure(&table) { table, second in
            for number in 0..<14 as Range<UInt64> {
                let place = PeerAddress(host: Self.victim.description, port: Int(1000 + number))
                table.sight(
                    Sighting(source: .mdns, id: Samples.node(100 + second * 14 + number), addresses: [place], epoch: 1),
                    now: Samples.at(Double(second)))
            }
        }
        #expect((4...16).contains(asked), "\(asked) times")
        #expect(atOnce == 1)
    }

    @Test("an address that Hellos of ever new nodes name besides their own is asked some times in minutes")
    func furtherAddresses() {
        var table = table()
        let (asked, atOnce) = endure(&table) { table, second in
            for number in 0..<14 as Range<UInt64> {
                var hello = Samples.hello(100 + second * 14 + number)
                if case .hello(var said) = hello.payload {
                    said.addresses = [Self.victim]
                    hello.payload = .hello(said)
                }
                // Of many nodes at one address some are not let in.
                _ = try? table.hear(
                    hello, from: Samples.ip("10.0.1.\(second)"), now: Samples.at(Double(second)))
            }
        }
        #expect((4...16).contains(asked), "\(asked) times")
        #expect(atOnce == 1)
    }

    @Test("of more addresses than are remembered the one that waits longest is not forgotten")
    func bound() {
        var addresses = UnprovenAddresses()
        let (patient, now) = (PeerAddress(host: "10.1.0.0", port: 5051), Samples.at(0))
        for _ in 0..<6 {
            addresses.begin(.node(Samples.node(1), at: patient), now: now)
            addresses.finish(Samples.node(1), at: patient, isProven: false, now: now)
        }
        for number in 0..<5000 {
            let place = PeerAddress(host: "10.2.\(number / 250).\(number % 250)", port: 5051)
            addresses.begin(.node(Samples.node(2), at: place), now: now)
            addresses.finish(Samples.node(2), at: place, isProven: false, now: now)
        }
        #expect(addresses.count == UnprovenAddresses.limit)
        #expect(addresses.due(at: patient.host, now: now) == now + .seconds(8))
    }

    @Test("one that never answers keeps nobody else at its address from being asked", arguments: [1, 2] as [UInt64])
    func turns(mute: UInt64) throws {
        var table = table()
        var failures = 0
        for second in 0..<60 as Range<UInt64> {
            for number in 1...2 as ClosedRange<UInt64> {
                let hello = Samples.hello(number, sequence: second + 1, version: 3)
                _ = try table.hear(hello, from: Self.victim, now: Samples.at(Double(second)))
            }
            let now = Samples.at(Double(second) + 0.5)
            for inquiry in table.startInquiries(now: now).start {
                guard inquiry.node == Samples.node(mute) else {
                    #expect(failures <= 1)
                    return
                }
                failures += 1
                fail(&table, inquiry, now: now + .milliseconds(1))
            }
        }
        Issue.record("the other was not asked in a minute")
    }

    @Test("who answers at such an address is asked on as any other, and its answer frees the address")
    func answers() throws {
        var table = table()
        for number in 1...3 as ClosedRange<UInt64> {
            _ = try table.hear(Samples.hello(number, version: 3), from: Self.victim, now: Samples.at(0))
        }
        for round in 0..<3 {
            let now = Samples.at(Double(round) + 0.5)
            let start = table.startInquiries(now: now).start
            let inquiry = try #require(start.first)
            #expect(start.count == 1)
            guard case .inventory(let id, let address, let epoch, _) = inquiry else {
                Issue.record("\(inquiry)")
                return
            }
            table.finishInventory(
                id, at: address, epoch: epoch,
                reading: try InventoryReading(
                    InventoryPage(epoch: epoch, version: 3, full: true), limits: table.rules.limits),
                now: now)
        }
        #expect(table.isInStep(now: Samples.at(3)))
    }
}
