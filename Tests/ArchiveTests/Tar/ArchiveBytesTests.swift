import NIOCore
import Testing

@testable import Archive

struct ArchiveBytesTests {
    private static let text = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 5) }

    @Test("what is not compressed comes as it went in, however short", arguments: [0, 1, 5, 6, 7, 5000], [1, 4, .max])
    func plain(count: Int, portion: Int) throws {
        let bytes = Array(Self.text[..<count])
        #expect(try unpackedBytes(bytes, portion: portion) == bytes)
    }

    @Test("gzip is unpacked, however it is cut", arguments: [1, 7, 1000, .max])
    func gzip(portion: Int) throws {
        #expect(try unpackedBytes(gzipped(Self.text), portion: portion) == Self.text)
    }

    @Test("several members are one after the other, and zeros may follow", arguments: [1, 100, .max])
    func members(portion: Int) throws {
        let bytes = gzipped(Self.text) + gzipped([]) + gzipped([1, 2, 3]) + [UInt8](repeating: 0, count: 700)
        #expect(try unpackedBytes(bytes, portion: portion) == Self.text + [1, 2, 3])
    }

    @Test("a gzip that is cut says so")
    func cut() {
        let bytes = gzipped(Self.text)
        for count in [6, 20, bytes.count / 2, bytes.count - 9, bytes.count - 1] {
            #expect(failure { try unpackedBytes(Array(bytes[..<count])) }?.code == .truncated, "\(count)")
        }
    }

    @Test("a gzip that is damaged, or followed by something else, says so")
    func damaged() {
        var bytes = gzipped(Self.text)
        bytes[bytes.count - 6] ^= 1
        #expect(failure { try unpackedBytes(bytes) }?.code == .malformed)
        #expect(failure { try unpackedBytes(gzipped(Self.text) + [1, 2, 3]) }?.code == .malformed)
        #expect(failure { try unpackedBytes([0x1f, 0x8b, 1, 0, 0, 0, 0, 0, 0, 0]) }?.code == .malformed)
    }

    @Test(
        "what is not unpacked here is named with what unpacks it",
        arguments: [
            ([0x28, 0xb5, 0x2f, 0xfd], "zstd -dc"), ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], "xz -dc"),
            (Array("BZh9".utf8), "bzip2 -dc"),
        ] as [([UInt8], String)], [1, .max])
    func others(form: (start: [UInt8], tool: String), portion: Int) {
        let error = failure { try unpackedBytes(form.start + [1, 2, 3, 4], portion: portion) }
        #expect(error?.code == .compressed)
        #expect(error?.message.contains("\(form.tool) FILE | shoal load -") == true)
    }

    @Test("a little that stands for very much comes in small portions")
    func bomb() throws {
        let packed = gzipped([UInt8](repeating: 0, count: 64 << 20))
        #expect(packed.count < 1 << 20)
        var stream = ArchiveBytes()
        stream.add(ByteBuffer(bytes: packed))
        var count = 0
        while let chunk = try stream.next() {
            #expect(chunk.readableBytes <= 512 << 10)
            count += chunk.readableBytes
        }
        #expect(count == 64 << 20)
    }
}
