import Testing

@testable import Archive

struct TarReaderTests {
    private static let long = String(repeating: "n", count: 150)

    @Test("files come with their names and contents, and so does the end")
    func files() throws {
        let content = (0..<1300).map { UInt8(truncatingIfNeeded: $0) }
        let listing = try TarListing(TarBuilder([("a", content), ("empty", []), ("b/c", [1])]).whole)
        #expect(listing.names == ["a", "empty", "b/c"])
        #expect(listing.items.map(\.content) == [content, [], [1]])
        #expect(listing.items.allSatisfy { $0.isWhole && $0.entry.kind == .file })
        #expect(listing.hasEnded)
    }

    @Test(
        "how the bytes are cut makes no difference",
        arguments: [[1], [511], [512], [513], [3, 700, 1], [1 << 20]])
    func portions(portions: [Int]) throws {
        var tar = TarBuilder([("a", [UInt8](repeating: 7, count: 1000))])
        tar.addPax([("path", Self.long)])
        tar.add("short", [1, 2])
        tar.add("././@LongLink", Array((Self.long + "\0").utf8), flag: "L", format: .gnu)
        tar.add("short", format: .gnu)
        #expect(try TarListing(tar.whole, portions: portions) == TarListing(tar.whole))
    }

    @Test("names: a prefix in ustar only, GNU's long names, pax before both")
    func names() throws {
        var tar = TarBuilder()
        tar.add("name", prefix: "some/folder")
        tar.add("name", format: .gnu, prefix: "12345")
        tar.add("name", format: .old, prefix: "12345")
        tar.add("@", Array((Self.long + "\0").utf8), flag: "L", format: .gnu)
        tar.add("cut", format: .gnu)
        tar.add("@", Array("long\0".utf8), flag: "L", format: .gnu)
        tar.addPax([("comment", "x"), ("path", "pax")])
        tar.add("cut")
        tar.add("alone")
        #expect(
            try TarListing(tar.whole).names == ["some/folder/name", "name", "name", Self.long, "pax", "alone"])
    }

    @Test("links, folders and what else there is come as what they are, and without content")
    func kinds() throws {
        var tar = TarBuilder()
        tar.add("hard", flag: "1", link: "to", size: 700)
        tar.add("symbolic", flag: "2", link: "../to")
        tar.add("@", Array((Self.long + "\0").utf8), flag: "K", format: .gnu)
        tar.add("gnu", flag: "2", link: "cut", format: .gnu)
        tar.addPax([("linkpath", "pax")])
        tar.add("pax", flag: "1", link: "cut")
        tar.add("folder/", flag: "5", size: 9)
        tar.add("old/", flag: "\0", format: .old)
        tar.add("device", flag: "3", size: 5)
        tar.add("fifo", flag: "6")
        tar.add("makers", [1, 2, 3], flag: "X")
        tar.add("contiguous", [4], flag: "7")
        let listing = try TarListing(tar.whole)
        #expect(
            listing.items.map(\.entry.kind) == [
                .hardLink(to: "to"), .symbolicLink(to: "../to"), .symbolicLink(to: Self.long), .hardLink(to: "pax"),
                .folder, .folder, .other(UInt8(ascii: "3")), .other(UInt8(ascii: "6")), .other(UInt8(ascii: "X")),
                .file,
            ])
        #expect(listing.items.map(\.content) == [[], [], [], [], [], [], [], [], [1, 2, 3], [4]])
    }

    @Test("a size is octal, to the base of 256, or in pax")
    func sizes() throws {
        var tar = TarBuilder()
        tar.add("octal", [1, 2]) { $0.replaceSubrange(124..<136, with: "          2 ".utf8) }
        tar.add("twelve", [1, 2]) { $0.replaceSubrange(124..<136, with: "000000000002".utf8) }
        tar.add("binary", [1, 2]) {
            $0.replaceSubrange(124..<136, with: [0x80] + [UInt8](repeating: 0, count: 10) + [2])
        }
        tar.addPax([("size", "2")])
        tar.add("pax", size: 0)
        tar.append([1, 2])
        tar.add("last", [9])
        let listing = try TarListing(tar.whole)
        #expect(listing.items.map(\.content) == [[1, 2], [1, 2], [1, 2], [1, 2], [9]])
    }

    @Test(
        "a number to the base of 256 that is negative or does not fit is none",
        arguments: [
            ([0xff] + [UInt8](repeating: 0xff, count: 11), nil), ([0xc0] + [UInt8](repeating: 0, count: 11), nil),
            ([0x80, 0, 0, 0, 0x80] + [UInt8](repeating: 0, count: 7), nil),
            ([0x80, 0, 0, 0, 0x7f] + [UInt8](repeating: 0xff, count: 7), Int64.max),
            ([0xbf] + [UInt8](repeating: 0xff, count: 11), nil), (Array("77777777777\0".utf8), (1 << 33) - 1),
            (Array("777777777777".utf8), (1 << 36) - 1), (Array("  8".utf8), nil), (Array("1 1".utf8), nil),
            (Array(" \0 ".utf8), 0), (Array("-1".utf8), nil), ([], 0),
        ] as [([UInt8], Int64?)])
    func numbers(field: [UInt8], value: Int64?) {
        #expect(TarHeader.number(field[...]) == value)
    }

    @Test("a sum of signed bytes is one, too; a wrong one is none")
    func sums() throws {
        var tar = TarBuilder()
        tar.add("é")
        var signed = tar.whole
        signed.replaceSubrange(148..<156, with: "        ".utf8)
        let sum = signed[..<512].reduce(0) { $0 + Int64(Int8(bitPattern: $1)) }
        signed.replaceSubrange(148..<154, with: TarBuilder.octal(sum, 6).utf8)
        #expect(try TarListing(signed).names == ["é"])
        signed[0] ^= 1
        #expect(failure { try TarListing(signed) }?.code == .notAnArchive)
    }

    @Test("what is no archive is told from one that is damaged further on")
    func damaged() {
        #expect(
            failure { try TarListing(Array("hello".utf8) + [UInt8](repeating: 1, count: 600)) }?.code == .notAnArchive)
        #expect(failure { try TarListing([]) }?.code == .notAnArchive)
        var tar = TarBuilder([("a", [1])])
        tar.append(Array("junk".utf8))
        let error = failure { try TarListing(tar.whole) }
        #expect(error?.code == .malformed)
        #expect(error?.message.contains("byte 1024") == true)
    }

    @Test("an archive that is cut says so, wherever it is cut but between two entries")
    func cut() throws {
        var tar = TarBuilder([("a", [UInt8](repeating: 1, count: 600))])
        tar.addPax([("path", "b")])
        tar.add("x", [2])
        let bytes = tar.bytes
        let between: Set<Int> = [512 + 1024, bytes.count]
        for count in 1..<bytes.count where !between.contains(count) {
            let error = failure { try TarListing(Array(bytes[..<count])) }
            #expect(error?.code == .truncated, "\(count)")
        }
        for count in between {
            let listing = try TarListing(Array(bytes[..<count]))
            #expect(!listing.hasEnded && listing.items.allSatisfy(\.isWhole))
        }
    }

    @Test("of a content that is cut the missing bytes are told")
    func missing() {
        let tar = TarBuilder([("some/layer", [UInt8](repeating: 1, count: 600))])
        let error = failure { try TarListing(Array(tar.bytes[..<(512 + 100)])) }
        #expect(error?.message.contains("500 bytes of 'some/layer' are missing") == true)
    }

    @Test("one block of zeros at the end is enough, after two anything may follow, and after one nothing else")
    func ends() throws {
        let tar = TarBuilder([("a", [1])])
        let zeros = [UInt8](repeating: 0, count: 512)
        #expect(try TarListing(tar.bytes + zeros).names == ["a"])
        #expect(try TarListing(tar.whole + [1, 2, 3]).names == ["a"])
        #expect(try TarListing(zeros + zeros).items.isEmpty)
        let error = failure { try TarListing(tar.bytes + zeros + tar.whole) }
        #expect(error?.code == .malformed)
    }

    @Test(
        "sparse files and those of several volumes are refused, with the option that made them", arguments: ["S", "M"])
    func unsupported(flag: Character) {
        var tar = TarBuilder()
        tar.add("file", flag: flag)
        let error = failure { try TarListing(tar.whole) }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("without tar's --") == true)
    }

    @Test("what tar makes of a sparse file is refused", arguments: [Golden.gnuSparse, Golden.posixSparse])
    func sparse(archive: [UInt8]) throws {
        let error = failure { try TarListing(unpacked(archive)) }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("--sparse") == true)
    }

    @Test("what GNU tar writes is read, in both of its formats", arguments: [Golden.gnuTar, Golden.posixTar])
    func gnuTar(archive: [UInt8]) throws {
        let listing = try TarListing(unpacked(archive))
        let file = "d/\(Self.long)/file"
        #expect(listing.names == ["d/", "d/hard", "d/\(Self.long)/", file, "d/sym"])
        #expect(
            listing.items.map(\.entry.kind) == [
                .folder, .file, .folder, .hardLink(to: "d/hard"), .symbolicLink(to: "\(Self.long)/file"),
            ])
        #expect(listing.items[1].content == Array("content\n".utf8))
    }

    @Test("names and extended headers have a bound")
    func bounds() {
        var long = TarBuilder()
        long.add("@", [UInt8](repeating: UInt8(ascii: "a"), count: 4096) + [0], flag: "L", format: .gnu)
        long.add("x", format: .gnu)
        #expect(throws: Never.self) { try TarListing(long.whole) }
        var longer = TarBuilder()
        longer.addPax([("path", String(repeating: "a", count: 4097))])
        longer.add("x")
        #expect(failure { try TarListing(longer.whole) }?.code == .tooLarge)
        var name = TarBuilder()
        name.add("@", flag: "L", size: 4098, format: .gnu)
        #expect(failure { try TarListing(name.whole) }?.code == .tooLarge)
        var pax = TarBuilder()
        pax.add("@", flag: "x", size: (1 << 20) + 1)
        #expect(failure { try TarListing(pax.whole) }?.code == .tooLarge)
    }

    @Test(
        "no size overflows anything",
        arguments: ["9223372036854775807", "9223372036854775300", "99999999999999999999", "-1", "0x10", "1 "])
    func hugeSizes(size: String) {
        var tar = TarBuilder()
        tar.addPax([("size", size)])
        tar.add("x")
        let error = failure { try TarListing(tar.whole) }
        #expect(error?.code == .malformed || error?.code == .truncated, "\(String(describing: error))")
    }

    @Test(
        "an extended header that breaks its own rules is refused",
        arguments: [
            "5 a=b\n", "7 a=b\n", "x a=b\n", " a=b\n", "6 a=bc", "3 \n", "4 x\n", "99999999999999999999 a=b\n",
            "12 path=a\u{0}b\n", "6 a=b\n7", "0 a=b\n",
        ])
    func wrongPax(records: String) {
        var tar = TarBuilder()
        tar.add("pax", Array(records.utf8), flag: "x")
        tar.add("x")
        #expect(failure { try TarListing(tar.whole) }?.code == .malformed)
    }

    @Test("pax: the last record of a key counts, an empty one is as none, and it is for one entry only")
    func pax() throws {
        var tar = TarBuilder()
        tar.addPax([("path", "first"), ("path", "second")])
        tar.add("x")
        tar.addPax([("path", "a"), ("path", ""), ("size", "")])
        tar.add("header", [1])
        tar.addPax([("path", "for all")], flag: "g")
        tar.add("y")
        tar.add("pax", flag: "x")
        tar.add("z")
        #expect(try TarListing(tar.whole).names == ["second", "header", "y", "z"])
    }

    private func unpacked(_ gzip: [UInt8]) throws -> [UInt8] {
        try unpackedBytes(gzip)
    }
}
