/// Why a text or a document was refused by one of this module's parsers.
///
/// The message is one sentence for an operator: what was read, what is wrong with it, what is allowed. Untrusted text
/// appears in it escaped and shortened, and never where it may carry a password.
public struct OCIError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Which grammar was broken.
    public enum Code: String, Sendable, CaseIterable {
        case digestInvalid
        case contentIdentifierInvalid
        case nameInvalid
        case tagInvalid
        case referenceInvalid
        case rangeInvalid
        case manifestInvalid
        case mediaTypeInvalid
        case registryInvalid
        case queryInvalid
    }

    /// Which grammar was broken.
    public let code: Code
    /// What happened, to what, and what to do.
    public let message: String

    /// Makes an error; `message` must not contain secrets.
    public init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
