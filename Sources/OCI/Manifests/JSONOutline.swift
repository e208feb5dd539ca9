/// A strict look over a JSON object before it is decoded, for what `JSONDecoder` lets pass and others read otherwise.
///
/// Refused are: anything outside RFC 8259, nesting deeper than `maximumDepth`, and two keys of one object that are
/// the same, or the same but for case. Go, which runtimes and registries are written in, matches keys whatever their
/// case and takes the last of several; a document must not mean one thing here and another there (CVE-2021-41190).
struct JSONOutline {
    /// A member of the outermost object, as far as it matters here.
    enum Value: Equatable {
        case string(String)
        case object, array, other
    }

    static let maximumDepth = 32

    /// The outermost object's members by case-folded key.
    private(set) var members: [String: Value] = [:]
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) throws(OCIError) {
        self.bytes = bytes
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw OCIError(code: .manifestInvalid, message: "manifest is not UTF-8")
        }
        skipWhitespace()
        guard next == UInt8(ascii: "{") else { throw error("expected an object") }
        _ = try value(depth: 1)
        skipWhitespace()
        guard next == nil else { throw error("something follows the object") }
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func value(depth: Int) throws(OCIError) -> Value {
        switch next {
        case UInt8(ascii: "{"):
            try object(depth: depth)
            return .object
        case UInt8(ascii: "["):
            try array(depth: depth)
            return .array
        case UInt8(ascii: "\""):
            // Only the outermost object's strings are looked at later.
            return try string(keeping: depth == 2).map(Value.string) ?? .other
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case UInt8(ascii: "n"): try literal("null")
        default: try number()
        }
        return .other
    }

    private mutating func object(depth: Int) throws(OCIError) {
        try enter(depth)
        guard !take(UInt8(ascii: "}")) else { return }
        var keys: Set<String> = []
        repeat {
            skipWhitespace()
            let start = position
            guard let key = try string(keeping: true) else { throw error("expected a key") }
            let folded = Self.folded(key)
            guard keys.insert(folded).inserted else {
                position = start
                throw error("key \(Excerpt(key)) is there twice, or but for its case")
            }
            skipWhitespace()
            guard take(.colon) else { throw error("expected ':'") }
            skipWhitespace()
            let value = try value(depth: depth + 1)
            if depth == 1 { members[folded] = value }
            skipWhitespace()
        } while take(.comma)
        guard take(UInt8(ascii: "}")) else { throw error("expected ',' or '}'") }
    }

    private mutating func array(depth: Int) throws(OCIError) {
        try enter(depth)
        guard !take(UInt8(ascii: "]")) else { return }
        repeat {
            skipWhitespace()
            _ = try value(depth: depth + 1)
            skipWhitespace()
        } while take(.comma)
        guard take(UInt8(ascii: "]")) else { throw error("expected ',' or ']'") }
    }

    private mutating func enter(_ depth: Int) throws(OCIError) {
        guard depth <= Self.maximumDepth else { throw error("nested deeper than \(Self.maximumDepth) levels") }
        position += 1
        skipWhitespace()
    }

    /// Reads a string; its content, escapes undone, if it is to be kept.
    private mutating func string(keeping: Bool) throws(OCIError) -> String? {
        guard take(.quote) else { throw error("expected a string") }
        var content: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case .quote:
                return keeping ? String(decoding: content, as: UTF8.self) : nil
            case .backslash:
                let scalar = try escape()
                if keeping { content.append(contentsOf: String(scalar).utf8) }
            case ..<0x20:
                throw error("a control character stands in a string")
            default:
                if keeping { content.append(byte) }
            }
        }
        throw error("a string is not closed")
    }

    private mutating func escape() throws(OCIError) -> Unicode.Scalar {
        guard let byte = next else { throw error("a string is not closed") }
        position += 1
        switch byte {
        case .quote, .backslash, .slash: return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let unit = try codeUnit()
            if let scalar = Unicode.Scalar(unit) { return scalar }
            guard UTF16.isLeadSurrogate(UInt16(unit)), take(.backslash), take(UInt8(ascii: "u")) else { break }
            let trail = try codeUnit()
            guard UTF16.isTrailSurrogate(UInt16(trail)),
                let scalar = Unicode.Scalar(0x10000 + (unit & 0x3ff) << 10 + trail & 0x3ff)
            else { break }
            return scalar
        default: break
        }
        throw error("an escape in a string is not valid")
    }

    private mutating func codeUnit() throws(OCIError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let value = next?.hexValue else { throw error("an escape in a string is not valid") }
            unit = unit << 4 | UInt32(value)
            position += 1
        }
        return unit
    }

    private mutating func number() throws(OCIError) {
        _ = take(.hyphen)
        if !take(UInt8(ascii: "0")) { try digits() }
        if take(.dot) { try digits() }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            _ = take(UInt8(ascii: "+")) || take(.hyphen)
            try digits()
        }
    }

    private mutating func digits() throws(OCIError) {
        guard next?.isASCIIDigit == true else { throw error("expected a value") }
        while next?.isASCIIDigit == true { position += 1 }
    }

    private mutating func literal(_ text: StaticString) throws(OCIError) {
        for index in 0..<text.utf8CodeUnitCount {
            guard take(text.utf8Start[index]) else { throw error("expected a value") }
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipWhitespace() {
        while let byte = next, byte == .space || byte == 0x0a || byte == 0x0d || byte == .tab { position += 1 }
    }

    private func error(_ reason: String) -> OCIError {
        OCIError(code: .manifestInvalid, message: "manifest is not valid JSON at byte \(position): \(reason)")
    }

    /// As Go's encoding/json folds: ASCII, and the two other characters that have an ASCII letter as their lower case.
    static func folded(_ key: String) -> String {
        var folded = String.UnicodeScalarView()
        for scalar in key.unicodeScalars {
            switch scalar {
            case "A"..."Z": folded.append(Unicode.Scalar(UInt8(scalar.value) | 0x20))
            case "\u{17f}": folded.append("s")
            case "\u{212a}": folded.append("k")
            default: folded.append(scalar)
            }
        }
        return String(folded)
    }
}
