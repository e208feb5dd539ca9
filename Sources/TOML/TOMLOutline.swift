/// Where in a TOML text its tables and keys stand. The text has been parsed before: what is said here of text that is not TOML
/// means nothing.
public struct TOMLOutline: Sendable {
    /// A header or a key with its value.
    public struct Entry: Sendable, Equatable {
        /// What it is.
        public enum Kind: Sendable, Equatable {
            /// `[a.b]`
            case table
            /// `[[a.b]]`
            case arrayTable
            /// `c = …`
            case key
        }

        /// What it is.
        public var kind: Kind
        /// From the document's root; arrays of tables add nothing to it.
        public var path: [String]
        /// The lines that it takes, from 0.
        public var lines: Range<Int>
    }

    /// From the top.
    public private(set) var entries: [Entry] = []
    /// The first place at which TOMLKit's parser would end the process.
    let trap: Trap?

    /// Text that is not TOML, in a way that the parser asserts it never is.
    struct Trap: Equatable {
        /// From 1.
        var line: Int
        /// The rest of a sentence.
        var message: String
    }

    /// Reads a text.
    public init(_ text: String) {
        var scanner = Scanner(bytes: Array(text.utf8))
        var table: [String] = []
        var badHeader: Trap?
        while scanner.skipToEntry() {
            let first = scanner.line
            var kind = Entry.Kind.key
            var path: [String]
            if scanner.take("[") {
                kind = scanner.take("[") ? .arrayTable : .table
                if badHeader == nil, !scanner.isAtKey {
                    badHeader = Trap(line: first + 1, message: "a table's header has no name behind its bracket")
                }
                path = scanner.keys(until: "]")
                table = path
                scanner.skipLine()
            } else {
                path = table + scanner.keys(until: "=")
                scanner.skipValue()
            }
            entries.append(Entry(kind: kind, path: path, lines: first..<(scanner.line + 1)))
            scanner.skipLine()
        }
        trap = [badHeader, scanner.badEntry, scanner.badNumber].compactMap(\.self).min { $0.line < $1.line }
    }

    /// The key with this path.
    public func key(_ path: [String]) -> Entry? { entries.first { $0.kind == .key && $0.path == path } }

    /// The header of this table.
    public func table(_ path: [String]) -> Entry? { entries.first { $0.kind == .table && $0.path == path } }

    /// The first header of the document.
    public var firstHeader: Entry? { entries.first { $0.kind != .key } }

    /// The first line that is about what is at this path or below it, else about what it is in, from 0.
    public func firstLine(below path: [String]) -> Int? {
        if path.isEmpty { return nil }
        return entries.first { $0.path.starts(with: path) }?.lines.lowerBound ?? firstLine(below: path.dropLast())
    }

    private func firstLine(below path: ArraySlice<String>) -> Int? { firstLine(below: Array(path)) }

    private struct Scanner {
        let bytes: [UInt8]
        var position = 0
        /// From 0.
        var line = 0
        /// The first entry of a list that begins with what can only end a value.
        var badEntry: Trap?
        /// The first value that begins as a number, a date or a time does, and is none.
        var badNumber: Trap?

        var current: UInt8? { position < bytes.count ? bytes[position] : nil }

        init(bytes: [UInt8]) { self.bytes = bytes }

        mutating func advance() {
            if current == UInt8(ascii: "\n") { line += 1 }
            position += 1
        }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard current == UInt8(ascii: character) else { return false }
            position += 1
            return true
        }

        func isNext(_ text: StaticString) -> Bool {
            text.withUTF8Buffer { bytes[position...].starts(with: $0) }
        }

        /// Whether a key begins behind spaces.
        var isAtKey: Bool {
            switch bytes[position...].first(where: { $0 != 0x20 && $0 != 0x09 }) ?? 0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "\""),
                UInt8(ascii: "'"):
                true
            default: false
            }
        }

        /// Up to the end of the line, its feed not included.
        mutating func skipLine() { while let byte = current, byte != UInt8(ascii: "\n") { position += 1 } }

        /// Past blank lines and comments. False at the end.
        mutating func skipToEntry() -> Bool {
            while let byte = current {
                switch byte {
                case 0x20, 0x09, 0x0a, 0x0d: advance()
                case UInt8(ascii: "#"): skipLine()
                // A byte order mark.
                case 0xef where position == 0: position += 3
                default: return true
                }
            }
            return false
        }

        /// A dotted key, and the mark behind it.
        mutating func keys(until mark: Unicode.Scalar) -> [String] {
            var keys: [String] = []
            while let byte = current, byte != UInt8(ascii: "\n") {
                if take(mark) { break }
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "'"): keys.append(quoted())
                case 0x20, 0x09, UInt8(ascii: "."): position += 1
                default: keys.append(bare(until: UInt8(ascii: mark)))
                }
            }
            return keys
        }

        private mutating func bare(until mark: UInt8) -> String {
            let start = position
            while let byte = current, byte != mark, !" \t.\n\r".utf8.contains(byte) { position += 1 }
            // Anything but a key's byte: move on.
            if start == position { position += 1 }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }

        private mutating func quoted() -> String {
            guard let quote = current else { return "" }
            position += 1
            var text: [UInt8] = []
            while let byte = current, byte != quote, byte != UInt8(ascii: "\n") {
                position += 1
                if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\""), let escaped = current {
                    text.append(escaped)
                    position += 1
                } else {
                    text.append(byte)
                }
            }
            if current == quote { position += 1 }
            return String(decoding: text, as: UTF8.self)
        }

        /// To the end of a value's last line; lists, tables and long strings may take several.
        mutating func skipValue() {
            var open: [UInt8] = []
            // Whether the next thing in a list is its first entry, or one behind a comma.
            var isEntryNext = false
            var isValueNext = true
            while let byte = current {
                if isValueNext, byte != 0x20, byte != 0x09, badNumber == nil, !TOMLNumber.mayBegin(bytes[position...]) {
                    badNumber = Trap(line: line + 1, message: "a value is neither a number nor a date nor a time")
                }
                if isEntryNext, badEntry == nil, isAtValueEnd {
                    badEntry = Trap(line: line + 1, message: "an entry of a list begins with what can only end a value")
                }
                switch byte {
                case UInt8(ascii: "\n") where open.isEmpty: return
                case 0x20, 0x09, 0x0a, 0x0d:
                    advance()
                    continue
                case UInt8(ascii: "#"):
                    skipLine()
                    continue
                case UInt8(ascii: "["), UInt8(ascii: "{"):
                    open.append(byte)
                    position += 1
                case UInt8(ascii: "]"), UInt8(ascii: "}"):
                    _ = open.popLast()
                    position += 1
                case UInt8(ascii: "\"") where isNext("\"\"\""): skipLong(quote: byte, "\"\"\"")
                case UInt8(ascii: "'") where isNext("'''"): skipLong(quote: byte, "'''")
                case UInt8(ascii: "\""), UInt8(ascii: "'"): _ = quoted()
                default: advance()
                }
                isEntryNext =
                    open.last == UInt8(ascii: "[") && (byte == UInt8(ascii: "[") || byte == UInt8(ascii: ","))
                isValueNext = isEntryNext || open.last == UInt8(ascii: "{") && byte == UInt8(ascii: "=")
            }
        }

        /// Whether a `}` or a line separator stands here that is none to TOML: U+0085, U+2028, U+2029.
        private var isAtValueEnd: Bool {
            current == UInt8(ascii: "}") || isNext("\u{85}") || isNext("\u{2028}") || isNext("\u{2029}")
        }

        private mutating func skipLong(quote: UInt8, _ mark: StaticString) {
            position += 3
            while current != nil, !isNext(mark) {
                if current == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") { position += 1 }
                advance()
            }
            while current == quote { position += 1 }
        }
    }
}
