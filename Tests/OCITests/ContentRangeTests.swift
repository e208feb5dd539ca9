import OCI
import Testing

struct ContentRangeTests {
    @Test(
        "a Content-Range is read and written alike",
        arguments: [
            ("bytes 0-0/1", 0, 0, 1), ("bytes 0-99/100", 0, 99, 100), ("bytes 5-9/*", 5, 9, nil),
            ("bytes 0-9223372036854775806/9223372036854775807", 0, .max - 1, .max),
        ] as [(String, Int64, Int64, Int64?)])
    func roundTrip(header: String, first: Int64, last: Int64, size: Int64?) throws {
        let range = try ContentRange(header: header)
        #expect(range.first == first)
        #expect(range.last == last)
        #expect(range.size == size)
        #expect(range.header == header)
        #expect(range.range == first..<(last + 1))
        #expect(ContentRange(range.range, size: size) == range)
    }

    @Test(
        "a Content-Range that is malformed or contradicts itself is refused",
        arguments: [
            "", "bytes", "bytes ", "bytes 0-0", "bytes 0-0/", "bytes /1", "bytes -/1", "bytes 0-/1", "bytes -0/1",
            "bytes */100",
            "bytes */*", "bytes 1-0/2", "bytes 0-1/1", "bytes 5-9/9", "bytes 0-0/0", "bytes 0-9/-10", "bytes +0-9/10",
            "bytes 0-+9/10", "bytes 0-9/+10", "bytes=0-9/10", "bytes: 0-9/10", "bytes  0-9/10", " bytes 0-9/10",
            "bytes 0-9/10 ",
            "bytes 0 - 9/10", "bytes 0-9 /10", "bytes 0-9/ 10", "bytes 0-9/10, bytes 0-9/10", "bytes 0-9/**",
            "items 0-9/10",
            "bytes 0-99999999999999999999/100000000000000000000", "bytes 0-9/99999999999999999999",
            "bytes 0-9223372036854775807/*", "bytes 9223372036854775808-9223372036854775809/*", "bytes 0-9/10\0",
            "bytes ٠-٩/10",
        ])
    func refused(header: String) {
        #expect(refusal { () throws(OCIError) in try ContentRange(header: header) }?.code == .rangeInvalid)
    }

    @Test(
        "a Content-Range is made only of bytes that the blob has",
        arguments: [(0..<0, 10), (5..<5, nil), (-1..<1, 10), (0..<11, 10)] as [(Range<Int64>, Int64?)])
    func impossible(range: Range<Int64>, size: Int64?) {
        #expect(ContentRange(range, size: size) == nil)
    }

    @Test("a 416 tells the size of the blob")
    func unsatisfied() {
        #expect(ContentRange.unsatisfied(size: 42) == "bytes */42")
        #expect(ContentRange.unsatisfiedSize(header: "bytes */42") == 42)
        for header in ["bytes 0-1/42", "bytes */*", "bytes */", "bytes */-1", "*/42", "bytes */99999999999999999999"] {
            #expect(ContentRange.unsatisfiedSize(header: header) == nil)
        }
    }
}
