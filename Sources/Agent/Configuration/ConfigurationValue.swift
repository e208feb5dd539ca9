/// A value as it stands in a configuration file or variable, before a key has given it a meaning.
public enum ConfigurationValue: Sendable, Equatable {
    case string(String)
    case integer(Int64)
    case boolean(Bool)
    case list([ConfigurationValue])
    case table([String: ConfigurationValue])
    /// A kind of TOML value that no key takes (a date, a fraction), as it was written.
    case other(String)
}

extension ConfigurationValue {
    /// Reads the text of an environment variable or of `--set` as the shape that its key takes.
    ///
    /// Text that does not fit stays a string, so that the key's own message says what it wanted.
    init(text: String, shape: ConfigurationShape) {
        switch shape {
        case .string: self = .string(text)
        case .integer: self = Int64(text).map(Self.integer) ?? .string(text)
        case .boolean: self = Bool(text).map(Self.boolean) ?? .string(text)
        case .list:
            let entries = text.split(separator: ",", omittingEmptySubsequences: false).map { entry in
                Self.string(String(entry.trimmingSpaces))
            }
            self = .list(entries == [.string("")] ? [] : entries)
        }
    }

    /// The shape of this value; `nil` where no key takes it.
    var shape: ConfigurationShape? {
        switch self {
        case .string: .string
        case .integer: .integer
        case .boolean: .boolean
        case .list: .list
        case .table, .other: nil
        }
    }
}

extension ConfigurationValue: CustomStringConvertible {
    /// The value as TOML; what could not be read on one line is named instead.
    public var description: String {
        switch self {
        case .string(let text): TOMLText.quoted(text)
        case .integer(let number): String(number)
        case .boolean(let flag): String(flag)
        case .list(let entries): "[" + entries.map(\.description).joined(separator: ", ") + "]"
        case .table: "a table"
        case .other(let text): text
        }
    }
}

/// The shapes that values of keys have.
enum ConfigurationShape: Sendable {
    case string, integer, boolean, list
}

/// How TOML writes strings and keys.
enum TOMLText {
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case _ where scalar.isControl: quoted += scalar.escaped
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// A path of keys, each quoted where TOML demands it: `upstream."registry.example.com".url`.
    static func dotted(_ path: [String]) -> String {
        path.map { isBare($0) ? $0 : quoted($0) }.joined(separator: ".")
    }

    private static func isBare(_ key: String) -> Bool {
        !key.isEmpty
            && key.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}

extension StringProtocol {
    /// The text without spaces and tabs at its ends.
    var trimmingSpaces: SubSequence {
        guard let first = firstIndex(where: { $0 != " " && $0 != "\t" }),
            let last = lastIndex(where: { $0 != " " && $0 != "\t" })
        else { return self[endIndex...] }
        return self[first...last]
    }
}
