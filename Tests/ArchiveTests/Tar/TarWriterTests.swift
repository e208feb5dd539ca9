import Testing

@testable import Archive

struct TarWriterTests {
    @Test(
        "what is written reads as it was",
        arguments: [
            TarEntry(name: "a", size: 0), TarEntry(name: "blobs/", kind: .folder),
            TarEntry(name: String(repeating: "a", count: 100), size: 3),
            TarEntry(name: String(repeating: "a", count: 101), size: 3),
            TarEntry(name: "blobs/sha512/" + String(repeating: "0", count: 128), size: 1000),
            TarEntry(name: String(repeating: "é/", count: 1000), size: 1),
            TarEntry(name: "link", kind: .symbolicLink(to: String(repeating: "x", count: 200))),
            TarEntry(name: "hard", kind: .hardLink(to: "to")),
        ])
    func roundTrip(entry: TarEntry) throws {
        let content = [UInt8](repeating: 5, count: Int(entry.size))
        let padding = [UInt8](repeating: 0, count: TarWriter.padding(entry.size))
        let bytes = TarWriter.header(of: entry) + content + padding + TarWriter.end
        #expect(bytes.count % 512 == 0)
        let listing = try TarListing(bytes)
        #expect(listing.items == [.init(entry: entry, content: content, isWhole: true)])
        #expect(listing.hasEnded)
    }

    @Test(
        "a size from 8 GiB on is written where others look for it",
        arguments: [1 << 33, .max - 511, (1 << 33) - 1] as [Int64])
    func largeSizes(size: Int64) throws {
        let header = TarWriter.header(of: TarEntry(name: "layer", size: size))
        #expect(header.count == (size < 1 << 33 ? 512 : 3 * 512))
        var reader = TarReader()
        var rest = header[...]
        var found: TarEntry?
        while !rest.isEmpty {
            let (event, taken) = try rest.withUnsafeBytes { try reader.next(in: $0) }
            if case .entry(let entry) = event { found = entry }
            rest = rest.dropFirst(taken)
        }
        #expect(found == TarEntry(name: "layer", size: size))
    }

    @Test("a plain header is the one that others write")
    func golden() {
        var other = TarBuilder()
        other.add("blobs/sha256/abc", size: 1234)
        var header = TarWriter.header(of: TarEntry(name: "blobs/sha256/abc", size: 1234))
        // Those differ in how they end the field of the sum, and both may.
        header[155] = UInt8(ascii: " ")
        #expect(header == other.bytes)
    }
}
