import OCI
import Testing

@testable import Discovery

@Suite struct PeerTableClaimTests {
    /// Peers that are known from one second on, each with the inventory that it has told.
    private func table(
        believes: Bool = true, _ told: [UInt64: [ReferenceEntry]]
    ) throws -> PeerTable {
        var table = PeerTable(
            own: Samples.node(0), rules: .init(requiresProof: false, believesReferences: believes))
        for (number, references) in told {
            _ = try table.hear(
                Samples.hello(number, version: 1), from: Samples.ip("10.0.0.\(number)"), now: Samples.at(0))
            _ = table.startInquiries(now: Samples.at(1))
            let page = InventoryPage(epoch: 1, version: 1, full: true, references: references)
            table.finishInventory(
                Samples.node(number), at: PeerAddress(host: "10.0.0.\(number)", port: 5051), epoch: 1,
                reading: try InventoryReading(page, limits: .init()), now: Samples.at(1))
        }
        return table
    }

    @Test("claims about a tag come newest first")
    func newestFirst() throws {
        let table = try table([
            1: [try Samples.claim("nginx", 1, age: 60)], 2: [try Samples.claim("nginx", 2, age: 5)],
            3: [try Samples.claim("nginx", 3, age: 600)],
        ])
        let claims = table.claims(for: Samples.nginx, now: Samples.at(2))
        #expect(claims.map(\.peer.id) == [2, 1, 3].map(Samples.node))
    }

    @Test("claims about a name come by their versions, those without one last, and of equals the lower id first")
    func highestFirst() throws {
        func name(_ version: NameVersion?, _ age: UInt64, isDeleted: Bool = false) throws -> [ReferenceEntry] {
            var entry = try Samples.localClaim("app:v1", 1, version: version, isDeleted: isDeleted)
            entry.ageSeconds = age
            return [entry]
        }
        let table = try table([
            1: try name(nil, 0), 2: try name(Samples.version(4, by: 8), 60), 3: try name(Samples.version(9), 900),
            4: try name(Samples.version(4, by: 9), 900, isDeleted: true), 5: try name(Samples.version(4, by: 8), 90),
            6: try name(nil, 60),
        ])
        let claims = table.claims(for: try Samples.reference("localhost:5050/app:v1"), now: Samples.at(2))
        #expect(claims.map(\.peer.id) == [3, 4, 2, 5, 1, 6].map(Samples.node))
        #expect(claims.map(\.claim.isDeleted) == [false, true, false, false, false, false])
    }

    @Test("the names of a manifest are those that it has now, where the word of others counts")
    func names() throws {
        let version = Samples.version(1)
        let told: [UInt64: [ReferenceEntry]] = [
            1: [try Samples.claim("nginx", 1), try Samples.localClaim("app:v1", 1, version: version)],
            2: [try Samples.claim("nginx", 2), try Samples.localClaim("app:v2", 1, version: version, isDeleted: true)],
        ]
        let names = try table(told).names(of: Samples.digest(1), now: Samples.at(2))
        #expect(names == [Samples.nginx, try Samples.reference("localhost:5050/app:v1")])
        #expect(try table(believes: false, told).names(of: Samples.digest(1), now: Samples.at(2)).isEmpty)
    }

    @Test("the names of a repository are told by those who are alive")
    func repository() throws {
        let version = Samples.version(1)
        let tag = try Samples.localClaim("app:v1", 1, version: version)
        let manifest = try Samples.localClaim(
            "app@\(Samples.digest(1))", 1, version: version, subject: Samples.digest(2))
        let alone = try Samples.localClaim("app:v2", 1, version: version)
        var table = try table([1: [tag, manifest], 2: [tag, alone]])
        func claims(_ seconds: Double) -> [ImageReference: [NodeID]] {
            table.claims(inRepository: tag.reference.repository, now: Samples.at(seconds)).mapValues {
                $0.map(\.peer.id)
            }
        }
        let (one, two) = (Samples.node(1), Samples.node(2))
        #expect(claims(2) == [tag.reference: [one, two], manifest.reference: [one], alone.reference: [two]])
        let subjects = table.claims(for: manifest.reference, now: Samples.at(2)).map(\.claim.subject)
        #expect(subjects == [Samples.digest(2)])
        _ = try table.hear(Samples.hello(1, sequence: 2, version: 1), from: Samples.ip("10.0.0.1"), now: Samples.at(20))
        #expect(claims(21) == [tag.reference: [one], manifest.reference: [one]])
    }

    @Test("where the word of others does not count nothing is kept of it")
    func notBelieved() throws {
        let name = try Samples.localClaim("app:v1", 1, version: Samples.version(1))
        let table = try table(believes: false, [1: [name]])
        #expect(table.references.count == 0 && table.references.localRepositories.isEmpty)
        #expect(table.claims(inRepository: name.reference.repository, now: Samples.at(2)).isEmpty)
    }

    @Test("an answer tells of a name and of its deletion")
    func answer() throws {
        var table = try table([:])
        let gone = try Samples.localClaim("app:v1", 1, version: Samples.version(3), isDeleted: true)
        let have = Beacon(
            node: Samples.node(1), epoch: 1, sequence: 1,
            payload: .have(.init(question: 1, httpPort: 5051, blobs: [], references: [gone])))
        #expect(try table.hear(have, from: Samples.ip("10.0.0.1"), now: Samples.at(0)).hasNews)
        let claims = table.claims(for: gone.reference, now: Samples.at(0))
        #expect(claims.map(\.claim.isDeleted) == [true] && claims.map(\.claim.version) == [gone.version])
    }
}
