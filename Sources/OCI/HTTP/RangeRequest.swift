/// What a `Range` header asks for (RFC 9110 §14.2).
///
/// The RFC lets a server ignore a header that it cannot or does not want to satisfy, and the answer is then 200 with
/// the whole blob. Ignored are: another unit than bytes, a malformed header, `last` before `first`, and several ranges.
public enum RangeRequest: Sendable, Equatable {
    case whole
    /// `bytes=first-last`, both included.
    case closed(first: Int64, last: Int64)
    /// `bytes=first-`
    case open(first: Int64)
    /// `bytes=-length`: the last bytes.
    case suffix(length: Int64)

    /// Reads a header; never fails, since what cannot be understood is ignored. Numbers too large to count with are
    /// taken as the largest, which no blob reaches.
    public init(header: String?) {
        self = header.flatMap(Self.parse) ?? .whole
    }

    private static func parse(_ header: String) -> RangeRequest? {
        guard let equals = header.utf8.firstIndex(of: .equals),
            header[..<equals].utf8.map(\.asciiLowercased).elementsEqual("bytes".utf8)
        else { return nil }
        let list = header.utf8[header.utf8.index(after: equals)...]
        // RFC 9110 §5.6.1.2: empty elements of a list are to be ignored.
        var only: Substring.UTF8View?
        for element in list.split(separator: .comma) {
            let element = element.trimmingHeaderWhitespace
            guard !element.isEmpty else { continue }
            guard only == nil else { return nil }
            only = element
        }
        guard let only, let hyphen = only.firstIndex(of: .hyphen) else { return nil }
        let (first, last) = (only[..<hyphen], only[only.index(after: hyphen)...])
        guard first.allSatisfy(\.isASCIIDigit), last.allSatisfy(\.isASCIIDigit) else { return nil }
        switch (first.isEmpty, last.isEmpty) {
        case (true, true): return nil
        case (true, false): return .suffix(length: last.saturatingDecimal)
        case (false, true): return .open(first: first.saturatingDecimal)
        case (false, false):
            let (first, last) = (first.saturatingDecimal, last.saturatingDecimal)
            return first <= last ? .closed(first: first, last: last) : nil
        }
    }

    /// Which bytes of a blob of `size` bytes are meant.
    ///
    /// An empty blob has no first byte, but `bytes=0-` of it is answered whole all the same, as Go's registries do:
    /// clients that put a range on every request must be able to fetch the empty blob.
    public func resolve(size: Int64) -> ResolvedRange {
        let first: Int64
        let last: Int64
        switch self {
        case .whole:
            return .whole
        case .closed(let from, let to):
            guard from >= 0, from <= to else { return .whole }
            (first, last) = (from, to)
        case .open(let from):
            guard from >= 0 else { return .whole }
            (first, last) = (from, .max)
        case .suffix(let length):
            guard length > 0 else { return .unsatisfiable }
            (first, last) = (max(0, size - min(length, max(0, size))), .max)
        }
        guard size > 0 else { return first == 0 ? .whole : .unsatisfiable }
        guard first < size else { return .unsatisfiable }
        return .partial(first..<(min(last, size - 1) + 1))
    }
}

/// A range request measured against a blob.
public enum ResolvedRange: Sendable, Equatable {
    /// Answer 200 with all of it.
    case whole
    /// Answer 206 with these bytes; never empty, never beyond the blob.
    case partial(Range<Int64>)
    /// Answer 416 with `ContentRange.unsatisfied(size:)`.
    case unsatisfiable
}

extension Substring.UTF8View {
    fileprivate var trimmingHeaderWhitespace: Substring.UTF8View {
        let start = drop(while: \.isHeaderWhitespace)
        let trailing = start.reversed().prefix(while: \.isHeaderWhitespace).count
        return start.dropLast(trailing)
    }

    /// Of digits only: their number, or the largest one.
    fileprivate var saturatingDecimal: Int64 { decimal ?? .max }
}
