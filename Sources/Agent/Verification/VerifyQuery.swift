public import OCI

/// What `shoal verify` is to read.
public enum VerifyQuery: Sendable, Hashable, CustomStringConvertible {
    /// All blobs here.
    case everything
    /// One blob, or all blobs of an image.
    case one(LocateQuery)

    /// Reads a digest, or a name as Docker does; nothing is everything.
    public init(_ text: String?) throws(OCIError) {
        self = if let text { .one(try LocateQuery(text)) } else { .everything }
    }

    /// The digest, the name in full, or `everything`.
    public var description: String {
        switch self {
        case .everything: "everything"
        case .one(let query): query.description
        }
    }
}
