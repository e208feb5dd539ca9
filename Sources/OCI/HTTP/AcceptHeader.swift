/// What a client is willing to take (RFC 9110 §12.5.1).
public struct AcceptHeader: Sendable, Hashable {
    private struct Pattern: Hashable {
        var type: String
        var subtype: String
        var quality: Int

        /// How closely it names `media`: 3 exactly, 2 `type/*`, 1 `*/*`, 0 not at all.
        func precision(for media: MediaType) -> Int {
            switch (type, subtype) {
            case ("*", "*"): 1
            case (media.type, "*"): 2
            case (media.type, media.subtype): 3
            default: 0
            }
        }
    }

    /// More than any client lists; a longer header is not worth the time.
    private static let maximumPatterns = 128
    private let patterns: [Pattern]

    /// Reads the values of all `Accept` fields of a request. Elements that are no media range are skipped; where
    /// nothing is left, everything is accepted, as without the header.
    public init(values: [String]) {
        var patterns: [Pattern] = []
        for value in values {
            var cursor = HeaderCursor(value)
            while !cursor.isAtEnd, patterns.count < Self.maximumPatterns {
                if let pattern = Self.pattern(&cursor) { patterns.append(pattern) }
                cursor.skipElement()
            }
        }
        self.patterns = patterns
    }

    /// Whether an answer of this type will do. The most precise range that matches decides; `q=0` means no.
    ///
    /// Parameters of a range other than `q` are not compared: no manifest type has any.
    public func accepts(_ media: MediaType) -> Bool { quality(of: media) > 0 }

    /// How much this type is wanted, in thousandths: 0 not at all, 1000 without reserve.
    public func quality(of media: MediaType) -> Int {
        guard !patterns.isEmpty else { return 1000 }
        var best = (precision: 0, quality: 0)
        for pattern in patterns {
            let candidate = (precision: pattern.precision(for: media), quality: pattern.quality)
            if candidate.precision > 0, candidate > best { best = candidate }
        }
        return best.quality
    }

    private static func pattern(_ cursor: inout HeaderCursor) -> Pattern? {
        cursor.skipWhitespace()
        guard let type = cursor.token(), cursor.take(.slash), let subtype = cursor.token(),
            type != "*" || subtype == "*"
        else { return nil }
        var quality = 1000
        cursor.skipWhitespace()
        while cursor.take(.semicolon) {
            cursor.skipWhitespace()
            guard let name = cursor.token() else { continue }
            guard cursor.take(.equals) else { continue }
            guard let value = cursor.next == .quote ? cursor.quotedString() : cursor.token() else { return nil }
            if name == "q" || name == "Q" {
                guard let weight = thousandths(value) else { return nil }
                quality = weight
            }
            cursor.skipWhitespace()
        }
        guard cursor.isAtEnd || cursor.next == .comma else { return nil }
        return Pattern(type: type.lowercased(), subtype: subtype.lowercased(), quality: quality)
    }

    /// RFC 9110 §12.4.2: `0` or `1` with up to three decimals.
    static func thousandths(_ weight: String) -> Int? {
        let digits = weight.utf8
        guard let whole = digits.first, digits.count <= 5 else { return nil }
        var decimals = Array(digits.dropFirst())
        if !decimals.isEmpty {
            guard decimals.removeFirst() == .dot, decimals.allSatisfy(\.isASCIIDigit) else { return nil }
        }
        decimals += Array(repeating: UInt8(ascii: "0"), count: 3 - decimals.count)
        guard let fraction = decimals.decimal else { return nil }
        switch whole {
        case UInt8(ascii: "0"): return Int(fraction)
        case UInt8(ascii: "1"): return fraction == 0 ? 1000 : nil
        default: return nil
        }
    }
}
