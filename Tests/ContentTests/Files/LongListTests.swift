import FoundationEssentials
import Testing

@testable import Content

@Suite("A long list in a document")
struct LongListTests {
    private struct Document: Encodable {
        var list: [Int]
        var zeal = "a/b"
    }

    private func atOnce(_ list: [Int]) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(Document(list: list)))
    }

    @Test(
        "comes out as an encoder writes it at once, wherever its end comes from",
        arguments: [([], []), ([1], []), ([], [1]), ([1, 2], [3]), ([1], [2, 3])])
    func same(_ list: [Int], _ end: [Int]) throws {
        var written = LongList<Int, Int> { $0 }
        let bytes = try written.write(list, into: Document(list: end), as: "list")
        let whole = try atOnce(list + end)
        #expect(bytes == whole)
    }

    @Test("is written as it is now, whatever it was before")
    func changes() throws {
        var written = LongList<Int, Int> { $0 }
        for list in [Array(1...9), [1, 3, 2], [], [3], Array(3...30)] {
            let bytes = try written.write(list, into: Document(list: []), as: "list")
            let whole = try atOnce(list)
            #expect(bytes == whole)
        }
    }

    @Test("asks once for what stays the same, and again for what was away")
    func remembers() throws {
        nonisolated(unsafe) var asked: [Int] = []
        var written = LongList<Int, Int> { element in
            asked.append(element)
            return element
        }
        for list in [[1, 2, 3], [1, 2, 3, 4], [2], [1, 2]] {
            _ = try written.write(list, into: Document(list: []), as: "list")
        }
        #expect(asked == [1, 2, 3, 4, 1])
    }
}
