/// A reading position in the text of a header field: the few pieces of RFC 9110 §5.6 that header grammars are made of.
struct HeaderCursor {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: some StringProtocol) {
        bytes = Array(text.utf8)
    }

    var isAtEnd: Bool { position == bytes.count }
    var next: UInt8? { isAtEnd ? nil : bytes[position] }

    mutating func skipWhitespace() {
        while let byte = next, byte.isHeaderWhitespace { position += 1 }
    }

    /// Skips `byte` if it comes next.
    mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    /// A `token`; nil, and no step, where none begins.
    mutating func token() -> String? {
        text { $0.isTokenCharacter }
    }

    /// One or more bytes that `belongs` accepts.
    mutating func text(while belongs: (UInt8) -> Bool) -> String? {
        let start = position
        while let byte = next, belongs(byte) { position += 1 }
        return position == start ? nil : String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// A `quoted-string`, its escapes undone; nil if it is not closed, and then everything has been read.
    mutating func quotedString() -> String? {
        guard take(.quote) else { return nil }
        var content: [UInt8] = []
        while let byte = next {
            position += 1
            if byte == .quote { return String(decoding: content, as: UTF8.self) }
            if byte == .backslash, let escaped = next {
                position += 1
                content.append(escaped)
            } else {
                content.append(byte)
            }
        }
        return nil
    }

    /// Steps over what is left of a list's element and the comma behind it; a comma in quotes does not end it.
    mutating func skipElement() {
        while let byte = next {
            if byte == .quote {
                _ = quotedString()
                continue
            }
            position += 1
            if byte == .comma { return }
        }
    }
}
