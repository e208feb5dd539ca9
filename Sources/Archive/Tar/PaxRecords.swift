/// What an extended header says of the entry behind it (POSIX.1-2024, pax, "pax Extended Header"), as far as it is of interest here.
struct PaxRecords: Equatable {
    /// Bytes of all records of one entry.
    static let limit = 1 << 20

    var path: [UInt8]?
    var link: [UInt8]?
    var size: Int64?
    /// GNU tar keeps a sparse file's map in records of its own, and its true name and size.
    var isSparse = false

    /// Adds what `bytes` say: `LENGTH KEY=VALUE\n` again and again. A later record counts more than an earlier one.
    mutating func read(_ bytes: [UInt8]) throws(ArchiveError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let space = rest.firstIndex(of: UInt8(ascii: " ")), let length = Self.decimal(rest[..<space]),
                length <= rest.count, length > space - rest.startIndex + 1
            else { throw Self.malformed("a record's length is wrong") }
            let end = rest.startIndex + Int(length)
            let record = rest[(space + 1)..<(end - 1)]
            guard rest[end - 1] == UInt8(ascii: "\n"), let equals = record.firstIndex(of: UInt8(ascii: "=")) else {
                throw Self.malformed("a record is not KEY=VALUE in a line")
            }
            try take(Array(record[..<equals]), Array(record[(equals + 1)...]))
            rest = rest[end...]
        }
    }

    private mutating func take(_ key: [UInt8], _ value: [UInt8]) throws(ArchiveError) {
        switch key {
        case Self.pathKey: path = try Self.name(value)
        case Self.linkKey: link = try Self.name(value)
        case Self.sizeKey:
            let number = Self.decimal(value[...])
            // Nothing: what the header says.
            guard number != nil || value.isEmpty else { throw Self.malformed("'size' is no number") }
            size = number
        default: if key.starts(with: Self.sparseKeys) { isSparse = true }
        }
    }

    private static let pathKey = Array("path".utf8)
    private static let linkKey = Array("linkpath".utf8)
    private static let sizeKey = Array("size".utf8)
    private static let sparseKeys = Array("GNU.sparse.".utf8)

    private static func name(_ value: [UInt8]) throws(ArchiveError) -> [UInt8]? {
        guard !value.contains(0) else { throw malformed("a name has a zero byte in it") }
        return value.isEmpty ? nil : value
    }

    private static func decimal(_ digits: ArraySlice<UInt8>) -> Int64? {
        guard !digits.isEmpty else { return nil }
        var value: Int64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            let (product, isLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, isLarger) = product.addingReportingOverflow(Int64(digit - UInt8(ascii: "0")))
            guard !isLarge, !isLarger else { return nil }
            value = sum
        }
        return value
    }

    private static func malformed(_ fault: String) -> ArchiveError {
        ArchiveError(.malformed, "the archive is damaged: in an extended header \(fault); make it again")
    }
}
