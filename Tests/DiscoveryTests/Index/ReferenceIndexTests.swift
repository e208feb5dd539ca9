import OCI
import Testing

@testable import Discovery

@Suite struct ReferenceIndexTests {
    private func tag(_ number: Int) throws -> ReferenceEntry { try Samples.claim("team/app:v\(number)", 1) }

    private func tellers(_ index: ReferenceIndex, _ entry: ReferenceEntry) -> Set<HolderIndex.Handle> {
        Set(index.claims(for: entry.reference).map(\.handle))
    }

    @Test("what a peer says again replaces what it said")
    func again() throws {
        var index = ReferenceIndex(limitPerPeer: 10, limit: 10)
        let name = try Samples.localClaim("app:v1", 1, version: Samples.version(1))
        index.insert(name, of: 1, now: Samples.start)
        let gone = try Samples.localClaim("app:v1", 1, version: Samples.version(2), isDeleted: true)
        index.insert(gone, of: 1, now: Samples.start)
        let claims = index.claims(for: name.reference)
        #expect(index.count == 1 && claims.map(\.claim.version) == [gone.version] && claims[0].claim.isDeleted)
    }

    @Test("names of a peer are bounded, and what it said goes with it")
    func perPeer() throws {
        var index = ReferenceIndex(limitPerPeer: 3, limit: 100)
        for number in 0..<10 {
            index.insert(try tag(number), of: 1, now: Samples.start)
            index.insert(try tag(number), of: 2, now: Samples.start)
        }
        #expect(index.count == 6)
        index.remove(try tag(0).reference, of: 1)
        index.remove(try tag(9).reference, of: 1)
        #expect(try tellers(index, tag(0)) == [2] && index.count == 5)
        index.removeAll(of: 2)
        #expect(try tellers(index, tag(1)) == [1] && index.count == 2)
    }

    @Test("of one name the word of so many is kept, the strongest, and of equals those who spoke last")
    func perName() throws {
        let limit = HolderIndex.Handle(ReferenceIndex.tellersPerName)
        var index = ReferenceIndex(limitPerPeer: 10, limit: 1000)
        let name = try Samples.localClaim("app:v1", 1, version: Samples.version(5))
        for handle in 0..<limit { index.insert(name, of: handle, now: Samples.start) }
        index.insert(try Samples.localClaim("app:v1", 2, version: Samples.version(4)), of: 1000, now: Samples.start)
        index.insert(try Samples.localClaim("app:v1", 2, version: nil), of: 1001, now: Samples.start)
        #expect(tellers(index, name) == Set(0..<limit))
        index.insert(name, of: 1002, now: Samples.start)
        #expect(tellers(index, name) == Set(1..<limit).union([1002]))
        index.insert(try Samples.localClaim("app:v1", 3, version: Samples.version(6)), of: 1003, now: Samples.start)
        #expect(tellers(index, name) == Set(2..<limit).union([1002, 1003]) && index.count == Int(limit))
    }

    @Test("of a registry's tag the newest words are kept")
    func newest() throws {
        let limit = ReferenceIndex.tellersPerName
        var index = ReferenceIndex(limitPerPeer: 10, limit: 1000)
        for age in 0..<(limit + 10) {
            let claim = try Samples.claim("nginx", 1, age: UInt64(age))
            index.insert(claim, of: HolderIndex.Handle(age), now: Samples.start)
        }
        #expect(Set(index.claims(for: Samples.nginx).map(\.handle)) == Set((0..<limit).map(HolderIndex.Handle.init)))
    }

    @Test("where the index is full of what many say, something new still finds a place, and the strongest words stay")
    func full() throws {
        var index = ReferenceIndex(limitPerPeer: 100, limit: 40)
        for number in 0..<4 {
            for handle in 0..<10 as Range<HolderIndex.Handle> {
                let version = Samples.version(handle == 3 ? 2 : 1)
                index.insert(
                    try Samples.localClaim("app:v\(number)", number, version: version), of: handle, now: Samples.start)
            }
        }
        #expect(index.count == 40)
        let new = try Samples.localClaim("app:new", 9, version: Samples.version(1))
        index.insert(new, of: 3, now: Samples.start)
        #expect(tellers(index, new) == [3] && index.count < 40)
        for number in 0..<4 {
            #expect(tellers(index, try Samples.localClaim("app:v\(number)", 1, version: nil)).contains(3))
        }
    }

    @Test("who fills the index with names takes nothing from others")
    func flood() throws {
        var index = ReferenceIndex(limitPerPeer: 100, limit: 40)
        for number in 0..<100 { index.insert(try tag(number), of: 1, now: Samples.start) }
        #expect(index.count == 40)
        for number in 1000..<1010 { index.insert(try tag(number), of: 2, now: Samples.start) }
        #expect(index.count <= 40 && index.count(of: 2) == 10)
        for number in 1000..<1010 { #expect(tellers(index, try tag(number)) == [2]) }
    }

    @Test("names of the local namespace are found by their repository, and no others")
    func repositories() throws {
        var index = ReferenceIndex(limitPerPeer: 100, limit: 100)
        let version = Samples.version(1)
        let names = [
            try Samples.localClaim("team/app:v1", 1, version: version),
            try Samples.localClaim("team/app@\(Samples.digest(1))", 1, version: version),
        ]
        let other = try Samples.localClaim("team/app/part:v1", 1, version: version)
        for entry in names + [other, try Samples.claim("docker.io/team/app:v1", 1)] {
            index.insert(entry, of: 1, now: Samples.start)
            index.insert(entry, of: 2, now: Samples.start)
        }
        let (app, part) = (names[0].reference.repository, other.reference.repository)
        let found = index.claims(inRepository: app)
        #expect(Set(found.keys) == Set(names.map(\.reference)))
        #expect(found.values.allSatisfy { Set($0.map(\.handle)) == [1, 2] })
        #expect(Set(index.localRepositories) == [app, part])
        index.removeAll(of: 1)
        index.remove(other.reference, of: 2)
        #expect(index.localRepositories == [app] && index.claims(inRepository: part).isEmpty)
        index.removeAll(of: 2)
        #expect(index.localRepositories.isEmpty && index.count == 0)
    }
}
