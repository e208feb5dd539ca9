import FoundationEssentials
import OCI
import Testing

@testable import Registry

struct NameTableTests {
    @Test("a later word wins over an earlier one, in whatever order they come")
    func later() {
        let records = [
            Sample.record("app:1", "a", Sample.version(1)), Sample.record("app:1", "b", Sample.version(2)),
            Sample.record("app:1", "c", Sample.version(2, 9)),
        ]
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
            var table = NameTable()
            for index in order { _ = table.merge(records[index]) }
            #expect(table[Sample.name("app:1")]?.digest == Sample.digest("c"))
        }
    }

    @Test("what is heard again is no news, and does not take away that it was pushed here")
    func again() {
        var table = NameTable()
        let first = table.merge(Sample.record("app:1", "a", Sample.version(1)))
        let second = table.merge(Sample.record("app:1", "a", Sample.version(1), isOwn: false, since: 2_000))
        #expect(first)
        #expect(!second)
        #expect(table[Sample.name("app:1")]?.isOwn == true)
        #expect(table[Sample.name("app:1")]?.since == 1_000)
    }

    @Test("a deleted name stays deleted against older words, and comes back by a newer one")
    func deleted() {
        var table = NameTable()
        _ = table.merge(Sample.record("app:1", "a", Sample.version(1)))
        _ = table.merge(Sample.record("app:1", "a", Sample.version(2), isDeleted: true))
        let older = table.merge(Sample.record("app:1", "a", Sample.version(1)))
        #expect(!older)
        #expect(table.repositories.isEmpty)
        #expect(table.count == 0)
        let newer = table.merge(Sample.record("app:1", "b", Sample.version(3)))
        #expect(newer)
        #expect(table.count == 1)
        #expect(table.repositories == [Sample.repository("app")])
    }

    @Test("deleted names are remembered up to a bound, the youngest of them")
    func bound() {
        var table = NameTable()
        for number in 0...NameTable.tombstoneLimit {
            _ = table.merge(
                Sample.record("app:t\(number)", "a", Sample.version(1), isDeleted: true, since: Int64(number)))
        }
        #expect(table.all.count <= NameTable.tombstoneLimit)
        #expect(table[Sample.name("app:t0")] == nil)
        #expect(table[Sample.name("app:t\(NameTable.tombstoneLimit)")] != nil)
    }

    @Test("a name that is forgotten leaves its repository with the last one")
    func forget() {
        var table = NameTable()
        _ = table.merge(Sample.record("app:1", "a", Sample.version(1)))
        _ = table.merge(Sample.record("app@a", "a", Sample.version(1)))
        table.forget(Sample.name("app:1"))
        #expect(table.all(in: Sample.repository("app")).map(\.name) == [Sample.name("app@a")])
        table.forget(Sample.name("app@a"))
        #expect(table == NameTable())
    }

    @Test("the document brings back what was written")
    func document() throws {
        var table = NameTable()
        _ = table.merge(Sample.record("team/app:1", "a", Sample.version(7, 3), isOwn: false))
        _ = table.merge(Sample.record("team/app@b", "b", Sample.version(8), subject: "a"))
        _ = table.merge(Sample.record("old:1", "c", Sample.version(9), isDeleted: true))
        _ = table.pin(try ImageReference(normalizing: "debian:12"), true)
        var (written, other) = (NameDocument.nothingWritten(), NameDocument.nothingWritten())
        let bytes = try NameDocument.encode(table, &written)
        #expect(try NameDocument.decode(bytes) == table)
        #expect(try NameDocument.encode(NameDocument.decode(bytes), &other) == bytes)
    }
}

struct NameDocumentTests {
    /// What an encoder makes of all names at once.
    private func atOnce(_ table: NameTable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(NameDocument(table)))
    }

    @Test("the document is what an encoder makes of all names at once", arguments: [0, 1, 2, 200])
    func encoding(count: Int) throws {
        var table = NameTable()
        for number in 0..<count { _ = table.merge(Sample.record("team/app:\(number)", "a", Sample.version(7))) }
        var written = NameDocument.nothingWritten()
        let bytes = try NameDocument.encode(table, &written)
        #expect(try bytes == atOnce(table))
        #expect(try NameDocument.decode(bytes) == table)
    }
}

struct NameClockTests {
    @Test("a new version is the time in milliseconds, where that is later than all that is known")
    func time() {
        let version = NameClock.next(after: [Sample.version(5), Sample.version(7)], now: 1_000, author: Sample.node(1))
        #expect(version == Sample.version(1_000))
    }

    @Test("a clock that is behind does not make a later push an earlier one")
    func behind() {
        #expect(
            NameClock.next(after: [Sample.version(2_000, 9)], now: 10, author: Sample.node(1)) == Sample.version(2_001))
        #expect(NameClock.next(after: [Sample.version(3)], now: -5, author: Sample.node(1)) == Sample.version(4))
    }

    @Test("the first version of a node without a clock is one")
    func noClock() {
        #expect(NameClock.next(after: [], now: 0, author: Sample.node(1)) == Sample.version(1))
    }

    @Test("a clock beyond all bounds counts no more than the versions known")
    func beyond() {
        #expect(NameClock.next(after: [Sample.version(3)], now: .max, author: Sample.node(1)) == Sample.version(4))
    }

    @Test("nothing follows the last version that there can be")
    func end() {
        #expect(NameClock.next(after: [Sample.version((1 << 53) - 1)], now: 10, author: Sample.node(1)) == nil)
    }
}

struct NameMeaningTests {
    @Test("the highest version counts, and of equal ones the higher node")
    func newest() {
        let own = Sample.record("app:1", "a", Sample.version(5))
        let claims = [
            Sample.claim("app:1", "b", Sample.version(5, 2)), Sample.claim("app:1", "c", Sample.version(4, 9)),
        ]
        #expect(NameMeaning.newest(own, claims)?.digest == Sample.digest("b"))
        #expect(NameMeaning.newest(own, [])?.digest == Sample.digest("a"))
        #expect(NameMeaning.newest(nil, []) == nil)
    }

    @Test("everybody who hears the same says the same, whatever they heard first")
    func deterministic() {
        let claims = ["a", "b", "c", "d"].enumerated().map { index, letter in
            Sample.claim("app:1", Character(letter), index == 3 ? nil : Sample.version(5, UInt8(index)))
        }
        let first = NameMeaning.newest(nil, claims)
        #expect(first?.digest == Sample.digest("c"))
        #expect(NameMeaning.newest(nil, claims.reversed()) == first)
    }

    @Test("an image that merely has the name counts less than any push, a deletion included")
    func unversioned() {
        let merely = Sample.claim("app:1", "f", nil)
        #expect(NameMeaning.newest(nil, [merely])?.digest == Sample.digest("f"))
        let gone = Sample.claim("app:1", "a", Sample.version(1), isDeleted: true)
        #expect(NameMeaning.newest(nil, [merely, gone])?.isDeleted == true)
    }
}
