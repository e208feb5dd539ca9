/// A tag as the distribution specification has it: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
public struct Tag: TextualValue {
    /// Longest tag in bytes.
    public static let maximumLength = 128
    /// What an image is asked for by when nothing is said.
    public static let latest = Tag(checked: "latest")

    public let description: String

    /// Parses a tag.
    /// - Throws: `.tagInvalid` with what the grammar forbids.
    public init(_ text: some StringProtocol) throws(OCIError) {
        let tag = String(text)
        let bytes = tag.utf8
        guard let first = bytes.first else {
            throw OCIError(code: .tagInvalid, message: "tag is empty")
        }
        guard bytes.count <= Self.maximumLength else {
            throw OCIError(
                code: .tagInvalid,
                message: "tag \(Excerpt(tag)) has \(bytes.count) bytes; at most \(Self.maximumLength) are allowed")
        }
        guard first != .dot, first != .hyphen else {
            throw OCIError(
                code: .tagInvalid, message: "tag \(Excerpt(tag)) is not valid: it begins with a letter, a digit or '_'")
        }
        guard bytes.allSatisfy(Self.allows) else {
            throw OCIError(
                code: .tagInvalid,
                message: "tag \(Excerpt(tag)) is not valid: only letters, digits, '.', '_' and '-' are allowed")
        }
        self.init(checked: tag)
    }

    private init(checked: String) {
        description = checked
    }

    private static func allows(_ byte: UInt8) -> Bool {
        byte.isASCIILetter || byte.isASCIIDigit || byte == .dot || byte == .underscore || byte == .hyphen
    }
}
