import TOMLKit

/// The one place that knows TOMLKit: text in, plain values out.
///
/// The parsed tables are walked by hand. TOMLKit's decoder reports a wrong type as a missing key.
enum TOMLDocument {
    /// Parses a document.
    /// - Throws: `.syntax`, with the line where the parser stopped.
    static func parse(_ text: String, place: String) throws(ConfigurationError) -> [String: ConfigurationValue] {
        // The parser takes a C string and would silently stop here.
        guard !text.utf8.contains(0) else {
            throw ConfigurationError(code: .syntax, place: place, message: "holds a zero byte: it is not a text file")
        }
        let root: TOMLTable
        do {
            root = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            throw ConfigurationError(
                code: .syntax, place: "\(place):\(error.source.begin.line)",
                message: "is not TOML: \(error.description.escapingControls)")
        } catch {
            throw ConfigurationError(code: .syntax, place: place, message: "is not TOML: \(error)")
        }
        return values(of: root)
    }

    private static func values(of table: TOMLTable) -> [String: ConfigurationValue] {
        var values: [String: ConfigurationValue] = [:]
        for key in table.keys {
            if let value = table[key] { values[key] = Self.value(value) }
        }
        return values
    }

    private static func value(_ value: any TOMLValueConvertible) -> ConfigurationValue {
        if let text = value.string { return .string(text) }
        if let number = value.int { return .integer(Int64(number)) }
        if let flag = value.bool { return .boolean(flag) }
        if let table = value.table { return .table(values(of: table)) }
        if let list = value.array { return .list(list.map { Self.value($0) }) }
        return .other(value.debugDescription)
    }
}
