/// A value whose whole meaning is one line of text: parsed strictly, printed canonically, coded as a string.
///
/// Parsing what `description` prints gives the same value again.
public protocol TextualValue: Codable, Comparable, CustomStringConvertible, Hashable, Sendable {
    /// Parses `text`, or says why it is not one.
    init(_ text: some StringProtocol) throws(OCIError)
}

extension TextualValue {
    public static func < (left: Self, right: Self) -> Bool { left.description < right.description }

    public init(from decoder: any Decoder) throws {
        self = try decoder.parseText { text throws(OCIError) in try Self(text) }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Decoder {
    /// Decodes a string and parses it; what the parser says becomes the reason of the `DecodingError`.
    func parseText<Value>(_ parse: (String) throws(OCIError) -> Value) throws -> Value {
        let text = try singleValueContainer().decode(String.self)
        do {
            return try parse(text)
        } catch {
            throw DecodingError.dataCorrupted(
                .init(codingPath: codingPath, debugDescription: error.message, underlyingError: error))
        }
    }
}
