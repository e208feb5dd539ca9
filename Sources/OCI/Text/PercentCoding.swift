/// RFC 3986 §2.1: percent-encoding of path components and query values.
public enum PercentCoding {
    /// Decodes once. Nil if a `%` is not followed by two hexadecimal digits, or the result is not UTF-8.
    ///
    /// `+` stays `+`: media types in queries contain it, and nothing asked for here contains a space.
    public static func decode(_ text: some StringProtocol) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var rest = text.utf8.makeIterator()
        while let byte = rest.next() {
            guard byte == .percent else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.next()?.hexValue, let low = rest.next()?.hexValue else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Encodes everything but RFC 3986's unreserved characters, so that the result is one component or value.
    public static func encode(_ text: some StringProtocol) -> String {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case .hyphen, .dot, .underscore, UInt8(ascii: "~"):
                encoded.append(byte)
            case _ where byte.isASCIIDigit || byte.isASCIILetter:
                encoded.append(byte)
            default:
                let (high, low) = (byte >> 4, byte & 15)
                // Upper case, as RFC 3986 §2.1 asks of those who produce it.
                encoded.append(.percent)
                encoded.append(
                    contentsOf: [high, low].map { $0 < 10 ? UInt8(ascii: "0") + $0 : UInt8(ascii: "A") + $0 - 10 })
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}
