/// An image by name: `docker.io/library/nginx:latest`, `ghcr.io/owner/app@sha256:…`.
///
/// A reference without registry belongs to the local namespace, which this node's mirror is the registry of; it is
/// written as clients reach it, `localhost:5050/team/app:1`.
public struct ImageReference: Codable, Comparable, CustomStringConvertible, Hashable, Sendable {
    /// How the registry of the local namespace is written.
    public static let localRegistry = "localhost:5050"
    /// All the loopback spellings mean the same.
    public static let localRegistries: Set<String> = [localRegistry, "127.0.0.1:5050", "[::1]:5050"]

    /// Whether a registry's name is one of those that the local namespace goes by.
    public static func isLocal(_ registry: RegistryName) -> Bool { localRegistries.contains(registry.description) }

    /// Nil: the local namespace.
    public var registry: RegistryName?
    /// The name within the registry or the local namespace.
    public var repository: RepositoryName
    /// Nil where the image is named by digest only.
    public var tag: Tag?
    /// Nil where the tag alone says which image is meant.
    public var digest: Digest?

    /// Puts a reference together; nothing is assumed.
    public init(registry: RegistryName?, repository: RepositoryName, tag: Tag?, digest: Digest?) {
        self.registry = registry
        self.repository = repository
        self.tag = tag
        self.digest = digest
    }

    /// The reference of a tag of a registry's repository.
    public init(origin: Origin, tag: Tag) {
        self.init(registry: origin.registry, repository: origin.repository, tag: tag, digest: nil)
    }

    /// Reads a name as Docker does: `nginx` is `docker.io/library/nginx:latest`.
    ///
    /// What stands before the first slash is a registry if it contains `.` or `:` or is `localhost`; Docker Hub's
    /// official images may leave out `library/`; `latest` is assumed only where there is neither tag nor digest.
    /// - Throws: `.referenceInvalid`, or the error of the part that is wrong.
    public init(normalizing text: some StringProtocol) throws(OCIError) {
        try self.init(parsing: String(text))
        if tag == nil, digest == nil { tag = .latest }
    }

    private init(parsing text: String) throws(OCIError) {
        let bytes = text.utf8
        if let scheme = bytes.firstIndex(of: .colon), bytes[scheme...].starts(with: "://".utf8) {
            throw OCIError(
                code: .referenceInvalid,
                message: "an image reference has no scheme; write registry/repository:tag without '://'")
        }
        guard bytes.count != 64 || !bytes.allSatisfy({ $0.hexValue != nil && !$0.isASCIIUpper }) else {
            throw OCIError(
                code: .referenceInvalid,
                message: "\(Excerpt(text)) looks like an image id, not a name; write sha256: before a digest")
        }
        // From the right: the digest behind '@', the tag behind the last ':' that no '/' follows.
        let at = bytes.firstIndex(of: .at) ?? bytes.endIndex
        let digest = at == bytes.endIndex ? nil : try Digest(text[bytes.index(after: at)...])
        let (registry, rest) = try Self.splitRegistry(text[..<at])
        let name = rest.utf8.firstIndex(of: .colon) ?? rest.endIndex
        let tag = name == rest.endIndex ? nil : try Tag(rest[rest.utf8.index(after: name)...])
        let isOfficial = registry == .dockerHub && !rest[..<name].utf8.contains(.slash) && name != rest.startIndex
        let repository = try RepositoryName(isOfficial ? "library/\(rest[..<name])" : String(rest[..<name]))
        self.init(registry: registry, repository: repository, tag: tag, digest: digest)
    }

    private static func splitRegistry(_ text: Substring) throws(OCIError) -> (RegistryName?, rest: Substring) {
        guard let slash = text.utf8.firstIndex(of: .slash) else { return (.dockerHub, text) }
        let first = text[..<slash]
        let rest = text[text.utf8.index(after: slash)...]
        guard first.utf8.contains(where: { $0 == .dot || $0 == .colon }) || first == "localhost" else {
            return (.dockerHub, text)
        }
        let registry = try RegistryName(first)
        return (localRegistries.contains(registry.description) ? nil : registry, rest)
    }

    /// Registry and repository; nil for the local namespace, which comes from nowhere else.
    public var origin: Origin? {
        registry.map { Origin(registry: $0, repository: repository) }
    }

    /// What to ask the registry for: the digest if there is one, else the tag.
    public var manifestReference: ManifestReference? {
        digest.map(ManifestReference.digest) ?? tag.map(ManifestReference.tag)
    }

    /// In full: nothing left out that Docker would assume.
    public var description: String {
        var text = "\(registry?.description ?? Self.localRegistry)/\(repository)"
        if let tag { text += ":\(tag)" }
        if let digest { text += "@\(digest)" }
        return text
    }

    public static func < (left: Self, right: Self) -> Bool {
        let (leftRegistry, rightRegistry) = (left.registry?.description ?? "", right.registry?.description ?? "")
        if leftRegistry != rightRegistry { return leftRegistry < rightRegistry }
        if left.repository != right.repository { return left.repository < right.repository }
        let (leftTag, rightTag) = (left.tag?.description ?? "", right.tag?.description ?? "")
        if leftTag != rightTag { return leftTag < rightTag }
        guard let rightDigest = right.digest else { return false }
        return left.digest.map { $0 < rightDigest } ?? true
    }

    public init(from decoder: any Decoder) throws {
        // No tag is assumed here: what was written comes back.
        self = try decoder.parseText { text throws(OCIError) in try Self(parsing: text) }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
