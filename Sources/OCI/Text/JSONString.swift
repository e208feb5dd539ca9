/// A text as a JSON string, in quotes (RFC 8259 §7).
struct JSONString: CustomStringConvertible {
    let description: String

    init(_ text: String) {
        var json: [UInt8] = [.quote]
        for byte in text.utf8 {
            switch byte {
            case .quote, .backslash:
                json += [.backslash, byte]
            case ..<0x20, 0x7f:
                json += "\\u00".utf8
                json += [.hexDigit(byte >> 4), .hexDigit(byte & 15)]
            default:
                json.append(byte)
            }
        }
        json.append(.quote)
        description = String(decoding: json, as: UTF8.self)
    }
}
