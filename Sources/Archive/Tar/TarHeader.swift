/// A header as it stands in the archive: 512 bytes (POSIX.1-2024, pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format").
struct TarHeader {
    /// Of headers, and what contents are filled up to.
    static let blockSize = 512
    /// Of a name, in bytes; what Linux takes for a path.
    static let nameLimit = 4096

    static let magic = Array("ustar\0".utf8)

    /// What the flags of interest mean.
    enum Flag {
        static let file = UInt8(ascii: "0")
        static let oldFile: UInt8 = 0
        static let hardLink = UInt8(ascii: "1")
        static let symbolicLink = UInt8(ascii: "2")
        static let characterDevice = UInt8(ascii: "3")
        static let blockDevice = UInt8(ascii: "4")
        static let folder = UInt8(ascii: "5")
        static let fifo = UInt8(ascii: "6")
        static let contiguousFile = UInt8(ascii: "7")
        static let pax = UInt8(ascii: "x")
        static let globalPax = UInt8(ascii: "g")
        static let longName = UInt8(ascii: "L")
        static let longLink = UInt8(ascii: "K")
        static let sparse = UInt8(ascii: "S")
        static let continuation = UInt8(ascii: "M")
    }

    /// The prefix included where there is one.
    var name: [UInt8]
    var link: [UInt8]
    var size: Int64
    var flag: UInt8

    /// Reads a block that is not all zeros.
    /// - Parameter offset: where in the archive it stands, for messages.
    init(_ block: [UInt8], at offset: Int64) throws(ArchiveError) {
        let fault: (String) -> ArchiveError = { fault in
            offset == 0
                ? ArchiveError(
                    .notAnArchive, "this is no tar archive: \(fault); give one of 'docker save' or in OCI's layout")
                : ArchiveError(.malformed, "the archive is damaged at byte \(offset): \(fault); make it again")
        }
        guard Self.isChecked(block) else { throw fault("there is no header with a right checksum") }
        guard let size = Self.number(block[124..<136]) else { throw fault("a header's size is no number") }
        self.size = size
        flag = block[156]
        name = Array(block[0..<100].prefix { $0 != 0 })
        link = Array(block[157..<257].prefix { $0 != 0 })
        // GNU's own format has "ustar " here, and other things than a prefix behind it.
        if block[257..<263].elementsEqual(Self.magic) {
            let prefix = block[345..<500].prefix { $0 != 0 }
            if !prefix.isEmpty { name = prefix + [UInt8(ascii: "/")] + name }
        }
    }

    /// Whether the sum of all bytes, its own field read as spaces, is what that field says. Some wrote it with signed bytes.
    private static func isChecked(_ block: [UInt8]) -> Bool {
        guard let told = number(block[148..<156]) else { return false }
        var unsigned: Int64 = 0
        var signed: Int64 = 0
        for (index, byte) in block.enumerated() {
            let byte = (148..<156).contains(index) ? UInt8(ascii: " ") : byte
            unsigned += Int64(byte)
            signed += Int64(Int8(bitPattern: byte))
        }
        return told == unsigned || told == signed
    }

    /// Octal digits between spaces and zeros, or, where the first bit is set, a number to the base of 256. Nil for anything else,
    /// what is negative and what does not fit.
    static func number(_ field: ArraySlice<UInt8>) -> Int64? {
        guard let first = field.first else { return 0 }
        guard first & 0x80 == 0 else {
            // The second bit is the sign.
            guard first & 0x40 == 0 else { return nil }
            var value = Int64(first & 0x3f)
            for byte in field.dropFirst() {
                guard value <= Int64.max >> 8 else { return nil }
                value = value << 8 | Int64(byte)
            }
            return value
        }
        let isPadding: (UInt8) -> Bool = { $0 == 0 || $0 == UInt8(ascii: " ") }
        let digits = field.drop(while: isPadding).prefix { !isPadding($0) }
        guard field[digits.endIndex...].allSatisfy(isPadding) else { return nil }
        var value: Int64 = 0
        for digit in digits {
            // Twelve digits at most: no overflow.
            guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit) else { return nil }
            value = value << 3 | Int64(digit - UInt8(ascii: "0"))
        }
        return value
    }

    /// How many bytes fill a content of this size up to whole blocks.
    static func padding(_ size: Int64) -> Int {
        let rest = Int(size % Int64(blockSize))
        return rest == 0 ? 0 : blockSize - rest
    }
}
