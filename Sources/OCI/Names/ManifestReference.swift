/// What a manifest is asked for by: the `<reference>` of the distribution specification.
public enum ManifestReference: TextualValue {
    case tag(Tag)
    case digest(Digest)

    /// Parses a digest if there is a colon, which no tag contains, else a tag.
    /// - Throws: `.digestInvalid` or `.tagInvalid`.
    public init(_ text: some StringProtocol) throws(OCIError) {
        self = text.utf8.contains(.colon) ? .digest(try Digest(text)) : .tag(try Tag(text))
    }

    public var description: String {
        switch self {
        case .tag(let tag): tag.description
        case .digest(let digest): digest.description
        }
    }

    /// The tag, if this is one.
    public var tag: Tag? {
        if case .tag(let tag) = self { tag } else { nil }
    }

    /// The digest, if this is one.
    public var digest: Digest? {
        if case .digest(let digest) = self { digest } else { nil }
    }
}
