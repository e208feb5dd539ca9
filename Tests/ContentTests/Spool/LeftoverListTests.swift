import OCI
import Testing

@testable import Content

@Suite("Which leftovers stay")
struct LeftoverListTests {
    private static func leftover(_ number: UInt64, modified: Int64, bytes: Int64 = 1) -> LeftoverList.Leftover {
        LeftoverList.Leftover(
            name: SpoolName(digest: digestOf([UInt8(number % 3)]), number: number), modified: modified, bytes: bytes)
    }

    private static func list(_ leftovers: [LeftoverList.Leftover]) -> LeftoverList {
        var list = LeftoverList()
        for leftover in leftovers { list.insert(leftover) }
        return list
    }

    @Test("They are kept by age, in whatever order they were found")
    func order() {
        var list = Self.list([3, 1, 2].map { Self.leftover(UInt64($0), modified: $0) })
        #expect(list.all.map(\.modified) == [1, 2, 3])
        #expect(list.takeOldest()?.modified == 1)
        #expect(list.takeOlder(than: 3).map(\.modified) == [2])
        #expect(list.takeOlder(than: 3) == [])
        #expect(list.all.map(\.modified) == [3])
    }

    @Test("A blob's youngest is taken, and only one of that blob")
    func youngest() {
        var list = Self.list((0..<6).map { Self.leftover(UInt64($0), modified: Int64($0)) })
        #expect(list.take(digestOf([1]))?.modified == 4)
        #expect(list.take(digestOf([1]))?.modified == 1)
        #expect(list.take(digestOf([1])) == nil)
        #expect(list.all.count == 4)
    }

    @Test("The younger ones stay as long as they fit; a large one does not push out what is older and fits")
    func space() {
        var list = Self.list(
            [(1, 30), (2, 25), (3, 200), (4, 40)].map { Self.leftover(UInt64($0.0), modified: $0.0, bytes: $0.1) })
        #expect(list.takeExcess(free: 200).map(\.modified) == [3])
        #expect(list.takeExcess(free: 140).map(\.modified) == [1])
        #expect(list.takeExcess(free: 0).map(\.modified) == [4, 2])
        #expect(list.all == [])
    }

    @Test("There are never more than the limit")
    func count() {
        var list = Self.list((0..<70).map { Self.leftover($0, modified: Int64($0)) })
        #expect(list.takeExcess(free: .max).map(\.modified) == [5, 4, 3, 2, 1, 0])
        #expect(list.all.count == LeftoverList.countLimit)
    }
}
