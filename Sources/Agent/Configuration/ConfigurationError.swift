/// A configuration that cannot be used, told in one line: where, which key, what is wrong with it, and the mend.
public struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    /// What kind of thing is wrong.
    public enum Code: Sendable, Equatable {
        /// The file cannot be read.
        case unreadable
        /// The text is not TOML, or a `--set` is not `key=value`.
        case syntax
        /// No key has this name.
        case unknownKey
        /// A value of the wrong kind: a string where a list belongs.
        case wrongType
        /// A value of the right kind that means nothing here: a size, an address, a word that is none.
        case badValue
        /// Keys that contradict each other.
        case conflict
    }

    /// What kind of thing is wrong.
    public var code: Code
    /// Where it stands: the file's path, the variable's name or `--set`.
    public var place: String
    /// What is wrong and the mend, naming the key.
    public var message: String

    /// Makes an error from its parts.
    public init(code: Code, place: String, message: String) {
        self.code = code
        self.place = place
        self.message = message
    }

    /// The one line to show.
    public var description: String { "\(place): \(message)" }
}

/// What is wrong with a value, before it is known which key it was meant for: the rest of a sentence that begins
/// with the key's name.
struct ValueFault: Error, Equatable {
    var code: ConfigurationError.Code
    var text: String
}
