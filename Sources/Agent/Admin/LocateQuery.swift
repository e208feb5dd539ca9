public import OCI

/// What `shoal locate` looks for.
public enum LocateQuery: Sendable, Hashable, CustomStringConvertible {
    case digest(Digest)
    case image(ImageReference)

    /// Reads a digest, or a name as Docker does.
    public init(_ text: String) throws(OCIError) {
        // No image name begins like this: a tag named so stands behind a name.
        let isDigest = Digest.Algorithm.allCases.contains { text.hasPrefix("\($0.rawValue):") }
        self = isDigest ? .digest(try Digest(text)) : .image(try ImageReference(normalizing: text))
    }

    /// The digest, or the name in full.
    public var description: String {
        switch self {
        case .digest(let digest): digest.description
        case .image(let reference): reference.description
        }
    }
}
