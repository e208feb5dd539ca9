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
        let text = try decoder.singleValueContainer().decode(String.self)
        do {
            try self.init(text)
        } catch {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: error.message, underlyingError: error))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
