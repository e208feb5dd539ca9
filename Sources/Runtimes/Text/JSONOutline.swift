/// A JSON text and where its values stand, so that it can be edited without being written anew.
struct JSONOutline: Sendable {
    /// A value, and the bytes that it takes.
    struct Value: Sendable {
        indirect enum Kind: Sendable {
            case object([(key: String, value: Value)])
            case array([Value])
            case string(String)
            case other
        }

        var kind: Kind
        var range: Range<Int>

        /// A member of an object; the last one of the name, as parsers have it.
        func member(_ name: String) -> Value? {
            guard case .object(let members) = kind else { return nil }
            return members.last { $0.key == name }?.value
        }

        var string: String? {
            guard case .string(let text) = kind else { return nil }
            return text
        }
    }

    /// The values of a document.
    let root: Value

    /// - Throws: where the text stops being JSON (RFC 8259).
    init(_ text: String) throws(TextFault) {
        var reader = Reader(bytes: Array(text.utf8))
        root = try reader.document()
    }

    private struct Reader {
        private static let deepest = 64

        let bytes: [UInt8]
        var position = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        var current: UInt8? { position < bytes.count ? bytes[position] : nil }

        mutating func document() throws(TextFault) -> Value {
            let value = try value(depth: 0)
            skipSpace()
            if current != nil { throw fault("something stands behind the document's end") }
            return value
        }

        private func fault(_ what: String) -> TextFault {
            let line = bytes[..<min(position, bytes.count)].count { $0 == UInt8(ascii: "\n") } + 1
            return TextFault(line: line, "is not JSON: \(what). It is left as it is; mend it and run this again")
        }

        private mutating func skipSpace() { while let byte = current, " \t\r\n".utf8.contains(byte) { position += 1 } }

        private mutating func expect(_ character: Unicode.Scalar) throws(TextFault) {
            guard current == UInt8(ascii: character) else {
                throw fault("'\(character)' is missing")
            }
            position += 1
        }

        private mutating func value(depth: Int) throws(TextFault) -> Value {
            guard depth < Self.deepest else { throw fault("it is nested too deeply") }
            skipSpace()
            let start = position
            let kind: Value.Kind
            switch current {
            case UInt8(ascii: "{"): kind = .object(try members(depth: depth))
            case UInt8(ascii: "["): kind = .array(try elements(depth: depth))
            case UInt8(ascii: "\""): kind = .string(try string())
            default:
                try word()
                kind = .other
            }
            return Value(kind: kind, range: start..<position)
        }

        private mutating func members(depth: Int) throws(TextFault) -> [(key: String, value: Value)] {
            position += 1
            var members: [(key: String, value: Value)] = []
            skipSpace()
            if current == UInt8(ascii: "}") {
                position += 1
                return []
            }
            while true {
                skipSpace()
                guard current == UInt8(ascii: "\"") else { throw fault("a name in quotes is missing") }
                let key = try string()
                skipSpace()
                try expect(":")
                members.append((key, try value(depth: depth + 1)))
                skipSpace()
                if current == UInt8(ascii: ",") {
                    position += 1
                    continue
                }
                try expect("}")
                return members
            }
        }

        private mutating func elements(depth: Int) throws(TextFault) -> [Value] {
            position += 1
            var elements: [Value] = []
            skipSpace()
            if current == UInt8(ascii: "]") {
                position += 1
                return []
            }
            while true {
                elements.append(try value(depth: depth + 1))
                skipSpace()
                if current == UInt8(ascii: ",") {
                    position += 1
                    continue
                }
                try expect("]")
                return elements
            }
        }

        /// A string; of escapes only those that stand for themselves are read, which is enough for names and URLs.
        private mutating func string() throws(TextFault) -> String {
            position += 1
            var text: [UInt8] = []
            while let byte = current, byte != UInt8(ascii: "\"") {
                guard byte >= 0x20 else { throw fault("a string has no end on its line") }
                position += 1
                if byte == UInt8(ascii: "\\") {
                    guard let escaped = current else { throw fault("a string has no end") }
                    text.append(escaped)
                    position += 1
                } else {
                    text.append(byte)
                }
            }
            try expect("\"")
            return String(decoding: text, as: UTF8.self)
        }

        private mutating func word() throws(TextFault) {
            let start = position
            while let byte = current, !" \t\r\n,]}:".utf8.contains(byte) { position += 1 }
            let word = String(decoding: bytes[start..<position], as: UTF8.self)
            let isNumber = Double(word) != nil && word.utf8.allSatisfy { "0123456789+-.eE".utf8.contains($0) }
            guard ["true", "false", "null"].contains(word) || isNumber else {
                position = start
                throw fault(word.isEmpty ? "a value is missing" : "'\(word)' is no value")
            }
        }
    }
}
