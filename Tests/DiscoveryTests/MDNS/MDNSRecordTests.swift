import OCI
import Testing

@testable import Discovery

struct MDNSRecordTests {
    static let full = MDNSRecord(
        id: Samples.node(1), name: "node1", epoch: 7, version: 42, cluster: [1, 2, 3, 4, 5, 6, 7, 8],
        newest: (0..<3).map { DigestPrefix(Samples.digest($0)) })

    static let bare = MDNSRecord(id: Samples.node(1), name: "", epoch: 1, version: 0, cluster: [], newest: [])

    static func strings(_ changes: KeyValuePairs<String, String?> = [:]) -> [[UInt8]] {
        var values = [
            "protocol": "1", "id": Samples.node(1).hex, "epoch": "7", "version": "42", "cluster": "", "name": "node1",
        ]
        for (key, value) in changes { values[key] = value }
        return values.sorted { $0.key < $1.key }.map { Array("\($0.key)=\($0.value)".utf8) }
    }

    static func length(_ strings: [[UInt8]]) -> Int { strings.reduce(0) { $0 + 1 + $1.count } }

    @Test("a record reads as it was written", arguments: [full, bare])
    func roundTrip(record: MDNSRecord) throws {
        #expect(try MDNSRecord(strings: record.strings) == record)
    }

    @Test("a record is text that docs/protocol.md describes")
    func text() {
        var record = Self.full
        record.newest = [DigestPrefix(bytes: 0..<8)!, DigestPrefix(bytes: 8..<16)!]
        #expect(
            record.strings.map { String(decoding: $0, as: UTF8.self) } == [
                "protocol=1", "id=\(Samples.node(1).hex)", "epoch=7", "version=42", "cluster=0102030405060708",
                "name=node1", "new1=000102030405060708090a0b0c0d0e0f",
            ])
    }

    @Test(
        "a record of the longest values and many digests keeps to 1,100 bytes, and no string is longer than DNS allows")
    func bounded() throws {
        let record = MDNSRecord(
            id: Samples.node(1), name: String(repeating: "n", count: 64), epoch: .max, version: .max,
            cluster: [UInt8](repeating: 255, count: 8), newest: (0..<200).map { DigestPrefix(Samples.digest($0)) })
        let strings = record.strings
        #expect(Self.length(strings) <= MDNSLimits.record)
        #expect(Self.length(strings) > MDNSLimits.record - DigestPrefix.digits - 6)
        #expect(strings.allSatisfy { $0.count <= MDNSLimits.string })
        let read = try MDNSRecord(strings: strings)
        #expect(read.newest == Array(record.newest.prefix(read.newest.count)))
        #expect(read.newest.count >= 50)
    }

    static let disorders: [([[UInt8]], MDNSDrop)] = [
        (strings(["protocol": "2"]), MDNSDrop.otherVersion),
        (strings(["protocol": nil]), .incomplete),
        (strings(["id": nil]), .incomplete),
        (strings(["epoch": nil]), .incomplete),
        (strings(["version": nil]), .incomplete),
        ([], .incomplete),
        (strings(["id": "00"]), .invalidField),
        (strings(["id": String(repeating: "g", count: 32)]), .invalidField),
        (strings(["epoch": "0"]), .invalidField),
        (strings(["epoch": "-1"]), .invalidField),
        (strings(["epoch": "+1"]), .invalidField),
        (strings(["epoch": "18446744073709551616"]), .invalidField),
        (strings(["version": ""]), .invalidField),
        (strings(["version": "4 2"]), .invalidField),
        (strings(["cluster": "00"]), .invalidField),
        (strings(["cluster": "no hex"]), .invalidField),
        (strings(["name": "a\u{1b}[31m"]), .invalidField),
        (strings(["name": String(repeating: "n", count: 65)]), .invalidField),
        (strings(["new1": "0011"]), .invalidField),
        (strings(["new1": "0011223344556677x"]), .invalidField),
        (strings() + [Array("=value".utf8)], .malformed),
        (strings() + [[0xff, 0x3d]], .malformed),
        (strings() + [[UInt8]](repeating: Array("x=1".utf8), count: 60), .oversized),
        (strings() + [[UInt8]](repeating: [UInt8](repeating: 0x61, count: 255), count: 4), .oversized),
    ]

    @Test("a record that is not in order is dropped, with a reason", arguments: disorders)
    func drops(strings: [[UInt8]], reason: MDNSDrop) {
        #expect(throws: reason) { try MDNSRecord(strings: strings) }
    }

    @Test(
        "a record with more in it than is known is read",
        arguments: [
            strings(["later": "1"]),
            strings() + [Array("flag".utf8)],
            strings() + [[]],
            strings() + [Array("bytes=".utf8) + [0, 255, 254]],
            strings(["cluster": nil]),
        ])
    func tolerates(strings: [[UInt8]]) throws {
        #expect(try MDNSRecord(strings: strings).version == 42)
    }

    @Test("keys count in either case, and of two equal ones the first")
    func keys() throws {
        let strings = Self.strings(["version": nil]) + ["VERSION=5", "version=6"].map { Array($0.utf8) }
        #expect(try MDNSRecord(strings: strings).version == 5)
    }

    @Test("random bytes are dropped, and never more than that")
    func noise() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            var strings = Self.strings()
            let index = Int.random(in: 0..<strings.count, using: &random)
            for _ in 0..<Int.random(in: 1...4, using: &random) where !strings[index].isEmpty {
                strings[index][Int.random(in: 0..<strings[index].count, using: &random)] = .random(in: 0...255)
            }
            guard let read = try? MDNSRecord(strings: strings) else { continue }
            #expect((try? MDNSRecord(strings: read.strings)) == read)
        }
    }
}
