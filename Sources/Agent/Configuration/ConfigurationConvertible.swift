import SystemPackage

/// What a key's value can be: read from and written as a ``ConfigurationValue``.
protocol ConfigurationConvertible: Sendable, Equatable {
    /// What the reference calls it: `size`, `address list`.
    static var typeName: String { get }
    /// What follows "must be" in a message.
    static var expectation: String { get }
    /// How a variable's text is read for it.
    static var shape: ConfigurationShape { get }
    /// Fails where the value is not one of these; ``parse(_:)`` words the message.
    init?(_ value: ConfigurationValue)
    /// The value as it would be written in the file.
    var configurationValue: ConfigurationValue { get }
    /// As the initializer, with a reason.
    static func parse(_ value: ConfigurationValue) throws(ValueFault) -> Self
}

extension ConfigurationConvertible {
    static func parse(_ value: ConfigurationValue) throws(ValueFault) -> Self {
        if let parsed = Self(value) { return parsed }
        throw fault(value)
    }

    static func fault(_ value: ConfigurationValue) -> ValueFault {
        ValueFault(
            code: value.shape == shape ? .badValue : .wrongType, text: "must be \(expectation), not \(value)")
    }
}

/// A value that is text in the file, and one type in the program.
protocol ConfigurationText: ConfigurationConvertible {
    init?(text: String)
}

extension ConfigurationText {
    static var shape: ConfigurationShape { .string }

    init?(_ value: ConfigurationValue) {
        guard case .string(let text) = value else { return nil }
        self.init(text: text)
    }
}

extension ConfigurationText where Self: CustomStringConvertible {
    var configurationValue: ConfigurationValue { .string(description) }
}

/// A choice between words.
protocol ConfigurationChoice: ConfigurationText, RawRepresentable, CaseIterable where RawValue == String {}

extension ConfigurationChoice {
    static var typeName: String { listed { "`\"\($0)\"`" } }
    static var expectation: String { listed { "\"\($0)\"" } }

    /// `a or b`, `a, b or c`
    private static func listed(_ quoted: (String) -> String) -> String {
        let words = allCases.map { quoted($0.rawValue) }
        return [words.dropLast().joined(separator: ", "), words.last ?? ""].filter { !$0.isEmpty }.joined(
            separator: " or ")
    }

    init?(text: String) { self.init(rawValue: text) }
    var configurationValue: ConfigurationValue { .string(rawValue) }
}

extension Bool: ConfigurationConvertible {
    static var typeName: String { "boolean" }
    static var expectation: String { "true or false" }
    static var shape: ConfigurationShape { .boolean }

    init?(_ value: ConfigurationValue) {
        guard case .boolean(let flag) = value else { return nil }
        self = flag
    }

    var configurationValue: ConfigurationValue { .boolean(self) }
}

extension Int: ConfigurationConvertible {
    static var typeName: String { "number" }
    static var expectation: String { "a whole number" }
    static var shape: ConfigurationShape { .integer }

    init?(_ value: ConfigurationValue) {
        guard case .integer(let number) = value else { return nil }
        self.init(exactly: number)
    }

    var configurationValue: ConfigurationValue { .integer(Int64(self)) }
}

extension String: ConfigurationText {
    static var typeName: String { "string" }
    static var expectation: String { "a string" }
    init?(text: String) { self = text }
}

extension FilePath: ConfigurationText {
    static var typeName: String { "path" }
    static var expectation: String { "a path such as \"/var/lib/shoal\"" }

    init?(text: String) {
        guard !text.isEmpty, !text.utf8.contains(0) else { return nil }
        self.init(text)
    }
}

/// Empty text stands for "none".
extension Optional: ConfigurationConvertible where Wrapped: ConfigurationText {
    static var typeName: String { Wrapped.typeName }
    static var expectation: String { Wrapped.expectation + " or \"\"" }
    static var shape: ConfigurationShape { Wrapped.shape }

    init?(_ value: ConfigurationValue) {
        if value == .string("") {
            self = .none
        } else if let wrapped = Wrapped(value) {
            self = .some(wrapped)
        } else {
            return nil
        }
    }

    var configurationValue: ConfigurationValue { self?.configurationValue ?? .string("") }

    static func parse(_ value: ConfigurationValue) throws(ValueFault) -> Self {
        value == .string("") ? .none : try Wrapped.parse(value)
    }
}

extension Array: ConfigurationConvertible where Element: ConfigurationText {
    static var typeName: String { "\(Element.typeName) list" }
    static var expectation: String { "a list, each entry \(Element.expectation)" }
    static var shape: ConfigurationShape { .list }

    init?(_ value: ConfigurationValue) {
        guard let parsed = try? Self.parse(value) else { return nil }
        self = parsed
    }

    var configurationValue: ConfigurationValue { .list(map(\.configurationValue)) }

    static func parse(_ value: ConfigurationValue) throws(ValueFault) -> Self {
        switch value {
        case .list(let entries):
            var parsed: Self = []
            for entry in entries { parsed.append(try Element.parse(entry)) }
            return parsed
        case .string:
            throw ValueFault(
                code: .wrongType, text: "must be a list, not \(value): put it in brackets, [\(value)]")
        default: throw fault(value)
        }
    }
}
