import TOMLKit

/// The one place that knows TOMLKit: text in, plain values out.
///
/// The parsed tables are walked by hand. TOMLKit's decoder reports a wrong type as a missing key.
public enum TOMLDocument {
    /// Parses a document.
    /// - Throws: what is wrong with it, with the line where the parser stopped.
    public static func parse(_ text: String) throws(TOMLSyntaxError) -> [String: TOMLValue] {
        // The parser takes a C string and would silently stop here.
        guard !text.utf8.contains(0) else {
            throw TOMLSyntaxError(line: nil, message: "holds a zero byte: it is not a text file")
        }
        if let trap = TOMLOutline(text).trap {
            throw TOMLSyntaxError(line: trap.line, message: "is not TOML: \(trap.message)")
        }
        let root: TOMLTable
        do {
            root = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            throw TOMLSyntaxError(line: error.source.begin.line, message: "is not TOML: \(error.description)")
        } catch {
            throw TOMLSyntaxError(line: nil, message: "is not TOML: \(error)")
        }
        return values(of: root)
    }

    private static func values(of table: TOMLTable) -> [String: TOMLValue] {
        var values: [String: TOMLValue] = [:]
        for key in table.keys {
            if let value = table[key] { values[key] = Self.value(value) }
        }
        return values
    }

    private static func value(_ value: any TOMLValueConvertible) -> TOMLValue {
        if let text = value.string { return .string(text) }
        if let number = value.int { return .integer(Int64(number)) }
        if let flag = value.bool { return .boolean(flag) }
        if let table = value.table { return .table(values(of: table)) }
        if let list = value.array { return .list(list.map { Self.value($0) }) }
        return .other(value.debugDescription)
    }
}

/// A text that is not TOML.
public struct TOMLSyntaxError: Error, Equatable, CustomStringConvertible {
    /// Where the parser stopped, from 1; nil where that means nothing.
    public let line: Int?
    /// What is wrong: the rest of a sentence that begins with the file's name. May repeat bytes of the text.
    public let message: String

    /// The message.
    public var description: String { message }
}
