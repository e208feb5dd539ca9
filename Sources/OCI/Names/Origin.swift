/// A repository of a registry: where upstream content comes from. Written `docker.io/library/nginx`.
public struct Origin: TextualValue {
    /// Who is asked.
    public var registry: RegistryName
    /// What is asked for.
    public var repository: RepositoryName

    /// Puts the parts together.
    public init(registry: RegistryName, repository: RepositoryName) {
        self.registry = registry
        self.repository = repository
    }

    /// Parses `registry/repository`, both in full: nothing is assumed as for image references.
    /// - Throws: `.referenceInvalid` without a slash, `.registryInvalid` or `.nameInvalid` for the parts.
    public init(_ text: some StringProtocol) throws(OCIError) {
        let text = String(text)
        guard let slash = text.utf8.firstIndex(of: .slash) else {
            throw OCIError(
                code: .referenceInvalid, message: "origin \(Excerpt(text)) has no '/'; write registry/repository")
        }
        registry = try RegistryName(text[..<slash])
        repository = try RepositoryName(text[text.utf8.index(after: slash)...])
    }

    public var description: String { "\(registry)/\(repository)" }

    public static func < (left: Self, right: Self) -> Bool {
        left.registry == right.registry ? left.repository < right.repository : left.registry < right.registry
    }
}
