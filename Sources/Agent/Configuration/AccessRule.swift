import Discovery

/// A word of `peers.allow`: a network in CIDR notation, `on-link`, `private` or `any`.
public struct AccessRule: Hashable, Sendable, CustomStringConvertible {
    /// The word as it was written; what `AccessList` of Discovery takes.
    public let description: String

    /// The subnets of this node's own interfaces: the default.
    static let onLink = AccessRule(known: "on-link")

    private init(known word: String) {
        description = word
    }

    /// Fails where no access list could be made of the word.
    public init?(text: String) {
        guard (try? AccessList([text])) != nil else { return nil }
        description = text
    }
}

extension AccessRule: ConfigurationText {
    static var typeName: String { "network" }
    static var expectation: String { "\"on-link\", \"private\", \"any\" or a network such as \"10.1.0.0/16\"" }
}
