/// What a client of the mirror sent as `Authorization`: its own right to what the registry has, and a secret. It never prints, and shows
/// nothing of itself when it is dumped.
public struct ClientAuthorization: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// Larger than any token; what is longer is not passed on.
    static let limit = 16 << 10

    /// The header's value, for the registry that the client means and nobody else; nil where it cannot be passed on.
    public let value: String?

    /// Reads a request's fields of that name; nil where there are none.
    ///
    /// Several fields, a value that is too long, and one with bytes that have no place in a header are still somebody's word about
    /// who they are: such a client must not pass for one that says nothing, to whom this node lends its own credentials.
    public init?(fields: [String]) {
        guard let first = fields.first else { return nil }
        let isUsable =
            fields.count == 1 && !first.isEmpty && first.utf8.count <= Self.limit
            && first.utf8.allSatisfy { (0x20...0x7e).contains($0) }
        value = isUsable ? first : nil
    }

    /// Whether it is a user and a password, which can be traded in for a token.
    public var isBasic: Bool { value?.lowercased().hasPrefix("basic ") ?? false }

    public var description: String { "(authorization)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
