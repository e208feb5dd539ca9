import Testing

@testable import Transfer

struct BlobExtentTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var asked: Range<Int64>?
        var status = 206
        var contentRange: String?
        var contentLength: Int64?
        var expected: BlobExtent?
        var testDescription: String { name }
    }

    private static let answers: [Case] = [
        Case(
            name: "a whole blob", asked: nil, status: 200, contentLength: 1000,
            expected: BlobExtent(offset: 0, total: 1000, count: 1000, rangeIgnored: false)),
        Case(
            name: "a whole blob of unknown length", asked: nil, status: 200,
            expected: BlobExtent(offset: 0, total: nil, count: nil, rangeIgnored: false)),
        Case(
            name: "a range that was ignored", asked: 100..<200, status: 200, contentLength: 1000,
            expected: BlobExtent(offset: 0, total: 1000, count: 1000, rangeIgnored: true)),
        Case(
            name: "the range asked for", asked: 100..<200, contentRange: "bytes 100-199/1000", contentLength: 100,
            expected: BlobExtent(offset: 100, total: 1000, count: 100, rangeIgnored: false)),
        Case(
            name: "the range asked for, in chunks", asked: 100..<200, contentRange: "bytes 100-199/1000",
            expected: BlobExtent(offset: 100, total: 1000, count: 100, rangeIgnored: false)),
        Case(
            name: "an open end", asked: 100..<Int64.max, contentRange: "bytes 100-999/1000", contentLength: 900,
            expected: BlobExtent(offset: 100, total: 1000, count: 900, rangeIgnored: false)),
        Case(
            name: "a range that ends behind the blob", asked: 900..<2000, contentRange: "bytes 900-999/1000",
            expected: BlobExtent(offset: 900, total: 1000, count: 100, rangeIgnored: false)),
        Case(
            name: "a blob of unknown size", asked: 100..<200, contentRange: "bytes 100-199/*",
            expected: BlobExtent(offset: 100, total: nil, count: 100, rangeIgnored: false)),
        Case(
            name: "less than was asked for", asked: 100..<200, contentRange: "bytes 100-149/1000",
            expected: BlobExtent(offset: 100, total: 1000, count: 50, rangeIgnored: false)),
    ]

    private static let lies: [Case] = [
        Case(name: "a range that nobody asked for", asked: nil, contentRange: "bytes 0-99/1000"),
        Case(name: "no Content-Range", asked: 100..<200),
        Case(name: "a later beginning", asked: 100..<200, contentRange: "bytes 101-199/1000"),
        Case(name: "an earlier beginning", asked: 100..<200, contentRange: "bytes 0-199/1000"),
        Case(name: "a later end", asked: 100..<200, contentRange: "bytes 100-200/1000"),
        Case(name: "an end behind the blob", asked: 100..<Int64.max, contentRange: "bytes 100-1000/1000"),
        Case(name: "a beginning behind the end", asked: 100..<200, contentRange: "bytes 199-100/1000"),
        Case(name: "another unit", asked: 100..<200, contentRange: "items 100-199/1000"),
        Case(name: "the form of a 416", asked: 100..<200, contentRange: "bytes */1000"),
        Case(name: "nonsense", asked: 100..<200, contentRange: "bytes a-b/c"),
        Case(name: "a negative number", asked: 100..<200, contentRange: "bytes -100-199/1000"),
        Case(name: "a number too large", asked: 100..<200, contentRange: "bytes 100-199/99999999999999999999"),
        Case(name: "less than its range", asked: 100..<200, contentRange: "bytes 100-199/1000", contentLength: 99),
        Case(name: "more than its range", asked: 100..<200, contentRange: "bytes 100-199/1000", contentLength: 101),
    ]

    @Test("An answer that fits the question is understood", arguments: answers)
    func fits(example: Case) throws {
        let extent = try BlobExtent(
            asked: example.asked, status: example.status, contentRange: example.contentRange,
            contentLength: example.contentLength)
        #expect(extent == example.expected)
    }

    @Test("An answer that lies about its range is refused", arguments: lies)
    func refused(example: Case) {
        #expect(throws: BlobExtent.Misfit.self) {
            try BlobExtent(
                asked: example.asked, status: example.status, contentRange: example.contentRange,
                contentLength: example.contentLength)
        }
    }
}
