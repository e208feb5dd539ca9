/// A `Content-Range` that says which bytes a 206 carries (RFC 9110 §14.4).
///
/// Parsed strictly: it comes from upstreams and peers, and bytes written at a misread offset would spoil a blob.
public struct ContentRange: Sendable, Equatable {
    /// Offset of the first byte.
    public let first: Int64
    /// Offset of the last byte, included.
    public let last: Int64
    /// Size of the whole blob; nil if the sender did not know it (`*`).
    public let size: Int64?

    /// Nil unless `range` has at least one byte, begins at 0 or later, and lies within `size`.
    public init?(_ range: Range<Int64>, size: Int64?) {
        guard !range.isEmpty, range.lowerBound >= 0, range.upperBound <= size ?? .max else { return nil }
        (first, last, self.size) = (range.lowerBound, range.upperBound - 1, size)
    }

    /// Parses `bytes first-last/size` or `bytes first-last/*`.
    /// - Throws: `.rangeInvalid` for anything else, the form of a 416 and numbers that contradict each other included.
    public init(header: String) throws(OCIError) {
        guard let value = Self.bytesValue(of: header),
            let slash = value.firstIndex(of: .slash),
            let hyphen = value[..<slash].firstIndex(of: .hyphen),
            let first = value[..<hyphen].decimal,
            let last = value[value.index(after: hyphen)..<slash].decimal
        else { throw Self.error(header, "expected 'bytes first-last/size'") }
        let sizeText = value[value.index(after: slash)...]
        let isUnknown = sizeText.elementsEqual("*".utf8)
        let size = sizeText.decimal
        guard isUnknown || size != nil else { throw Self.error(header, "the size is neither a number nor '*'") }
        // Not Int64.max either: one more than it would be the end of the range.
        guard first <= last, last < size ?? .max else { throw Self.error(header, "its numbers contradict each other") }
        (self.first, self.last, self.size) = (first, last, size)
    }

    /// The offsets as a range; never empty.
    public var range: Range<Int64> { first..<(last + 1) }

    /// `bytes first-last/size`
    public var header: String { "bytes \(first)-\(last)/\(size.map(String.init) ?? "*")" }

    /// What a 416 says: `bytes */size`.
    public static func unsatisfied(size: Int64) -> String { "bytes */\(size)" }

    /// The blob's size that the `Content-Range` of a 416 tells; nil if it is of another form.
    public static func unsatisfiedSize(header: String) -> Int64? {
        guard let value = bytesValue(of: header), value.starts(with: "*/".utf8) else { return nil }
        return value.dropFirst(2).decimal
    }

    /// What follows `bytes` and the one space; a unit is case-insensitive.
    private static func bytesValue(of header: String) -> Substring.UTF8View? {
        let unit = "bytes "
        guard header.utf8.prefix(unit.utf8.count).map(\.asciiLowercased).elementsEqual(unit.utf8) else { return nil }
        return header.utf8.dropFirst(unit.utf8.count)
    }

    private static func error(_ header: String, _ reason: String) -> OCIError {
        OCIError(code: .rangeInvalid, message: "Content-Range \(Excerpt(header)) is not valid: \(reason)")
    }
}
