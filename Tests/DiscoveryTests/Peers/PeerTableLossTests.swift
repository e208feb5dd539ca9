import Testing

@testable import Discovery

/// What becomes of a node that the one who told of it tells of no longer.
struct PeerTableLossTests {
    private static let addresses = ["2001:db8::7", "192.0.2.7"].map { PeerAddress(host: $0, port: 5051) }
    private static let sighting = Sighting(
        source: .mdns, id: Samples.node(7), addresses: addresses, epoch: 1, version: 0)

    private static var document: NodeDocument {
        NodeDocument(identity: Samples.identity(7, epoch: 1), version: 0, key: nil, port: 5051)
    }

    /// A table whose one peer has answered at both addresses.
    private static func knowing() -> PeerTable {
        var table = PeerTable(own: Samples.node(1), rules: .init(requiresProof: false, believesReferences: false))
        table.sight(sighting, now: Samples.at(0))
        for address in answering(&table, at: 0) {
            table.finishNode(Samples.node(7), at: address, document: document, now: Samples.at(0))
        }
        return table
    }

    /// The addresses that are asked who is there.
    private static func answering(_ table: inout PeerTable, at seconds: Double) -> [PeerAddress] {
        table.startInquiries(now: Samples.at(seconds)).start.compactMap {
            if case .node(_, let address) = $0 { address } else { nil }
        }
    }

    @Test("it is asked at all its addresses, and gone when none answers")
    func gone() {
        var table = Self.knowing()
        table.lose(Samples.node(7), source: .mdns, now: Samples.at(3))
        let asked = Self.answering(&table, at: 3)
        #expect(Set(asked) == Set(Self.addresses))
        for address in asked {
            table.finishNode(Samples.node(7), at: address, document: nil, now: Samples.at(3))
        }
        #expect(table.records.isEmpty)
    }

    @Test("it stays as long as it answers, and is asked again")
    func stays() {
        var table = Self.knowing()
        table.lose(Samples.node(7), source: .mdns, now: Samples.at(3))
        for address in Self.answering(&table, at: 3) {
            table.finishNode(Samples.node(7), at: address, document: Self.document, now: Samples.at(3))
        }
        #expect(table.peer(Samples.node(7), now: Samples.at(3))?.state == .alive)
        table.checkUpOnTheSilent(now: Samples.at(20))
        #expect(!Self.answering(&table, at: 20).isEmpty)
    }
}
