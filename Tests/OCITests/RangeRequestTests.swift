import OCI
import Testing

struct RangeRequestTests {
    @Test(
        "a header of one range says which bytes are wanted",
        arguments: [
            ("bytes=0-0", .closed(first: 0, last: 0)), ("bytes=0-99", .closed(first: 0, last: 99)),
            ("bytes=5-", .open(first: 5)), ("bytes=-5", .suffix(length: 5)), ("bytes=-0", .suffix(length: 0)),
            ("BYTES=1-2", .closed(first: 1, last: 2)), ("bytes= 1-2 ", .closed(first: 1, last: 2)),
            ("bytes=,1-2,,", .closed(first: 1, last: 2)), ("bytes=007-0010", .closed(first: 7, last: 10)),
            ("bytes=0-99999999999999999999999", .closed(first: 0, last: .max)),
            ("bytes=99999999999999999999999-", .open(first: .max)),
            ("bytes=-99999999999999999999999", .suffix(length: .max)),
            ("bytes=9223372036854775807-9223372036854775807", .closed(first: .max, last: .max)),
        ] as [(String, RangeRequest)])
    func parsed(header: String, expected: RangeRequest) {
        #expect(RangeRequest(header: header) == expected)
    }

    @Test(
        "a header that is malformed, of another unit or of several ranges is ignored",
        arguments: [
            nil, "", "bytes", "bytes=", "bytes=-", "bytes=,", "bytes=a-b", "bytes=1", "bytes=1-2-3", "bytes=--1",
            "bytes=+1-2",
            "bytes=1-+2", "bytes=0x1-2", "bytes=1 -2", "bytes=1- 2", "bytes =1-2", " bytes=1-2", "bytes:1-2",
            "bytes 1-2",
            "bytes=2-1", "bytes=1-0", "items=0-1", "lines=0-1", "byte=0-1", "bytes=0-1,3-4", "bytes=0-,-1",
            "bytes=0-1,x",
            "bytes=\u{661}-\u{662}", "bytes=1-2\0", "bytes=1-2;q=1", "=0-1", "bytes==0-1",
        ] as [String?])
    func ignored(header: String?) {
        #expect(RangeRequest(header: header) == .whole)
    }

    @Test(
        "a range is measured against the blob's size",
        arguments: [
            (.whole, 10, .whole), (.whole, 0, .whole),
            (.closed(first: 0, last: 0), 10, .partial(0..<1)), (.closed(first: 2, last: 5), 10, .partial(2..<6)),
            (.closed(first: 0, last: 9), 10, .partial(0..<10)), (.closed(first: 9, last: 100), 10, .partial(9..<10)),
            (.closed(first: 0, last: .max), 10, .partial(0..<10)), (.closed(first: 10, last: 11), 10, .unsatisfiable),
            (.closed(first: .max, last: .max), .max, .unsatisfiable),
            (.closed(first: 0, last: .max), .max, .partial(0..<Int64.max)),
            (.open(first: 0), 10, .partial(0..<10)), (.open(first: 9), 10, .partial(9..<10)),
            (.open(first: 10), 10, .unsatisfiable), (.open(first: .max), 10, .unsatisfiable),
            (.suffix(length: 3), 10, .partial(7..<10)), (.suffix(length: 10), 10, .partial(0..<10)),
            (.suffix(length: 11), 10, .partial(0..<10)), (.suffix(length: .max), 10, .partial(0..<10)),
            (.suffix(length: 0), 10, .unsatisfiable), (.suffix(length: 0), 0, .unsatisfiable),
            (.closed(first: 3, last: 2), 10, .whole), (.closed(first: -1, last: 2), 10, .whole),
            (.open(first: -1), 10, .whole), (.suffix(length: -1), 10, .unsatisfiable), (.open(first: 0), -1, .whole),
            (.suffix(length: .max), -1, .whole),
        ] as [(RangeRequest, Int64, ResolvedRange)])
    func resolved(request: RangeRequest, size: Int64, expected: ResolvedRange) {
        #expect(request.resolve(size: size) == expected)
    }

    @Test(
        "an empty blob is answered whole to whoever begins at its start",
        arguments: [
            ("bytes=0-", .whole), ("bytes=0-99", .whole), ("bytes=-5", .whole), ("bytes=1-", .unsatisfiable),
            ("bytes=5-9", .unsatisfiable), ("bytes=-0", .unsatisfiable),
        ] as [(String, ResolvedRange)])
    func emptyBlob(header: String, expected: ResolvedRange) {
        #expect(RangeRequest(header: header).resolve(size: 0) == expected)
    }
}
