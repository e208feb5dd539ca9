import TOML

extension TOMLDocument {
    /// Parses a configuration file.
    /// - Throws: `.syntax`, with the line where the parser stopped.
    static func configuration(_ text: String, place: String) throws(ConfigurationError) -> [String: ConfigurationValue]
    {
        do {
            return try parse(text).mapValues { ConfigurationValue($0) }
        } catch {
            throw ConfigurationError(
                code: .syntax, place: error.line.map { "\(place):\($0)" } ?? place,
                message: error.message.escapingControls)
        }
    }
}

extension ConfigurationValue {
    fileprivate init(_ value: TOMLValue) {
        switch value {
        case .string(let text): self = .string(text)
        case .integer(let number): self = .integer(number)
        case .boolean(let flag): self = .boolean(flag)
        case .list(let entries): self = .list(entries.map { Self($0) })
        case .table(let entries): self = .table(entries.mapValues { Self($0) })
        case .other(let text): self = .other(text)
        }
    }
}
