public import Discovery
public import OCI

/// What other nodes say of names in the local namespace, as far as their word counts (`tags.believe`).
public protocol Neighbours: Sendable {
    /// What is known of a name.
    func claims(for name: LocalName) -> [NameClaim]
    /// What is known of all names of a repository.
    func claims(in repository: RepositoryName) -> [NameClaim]
    /// What is known of all names.
    func claims() -> [NameClaim]
    /// Asks everybody; returns soon after the first answer, or after `wait`.
    func ask(for name: LocalName, wait: Duration) async
}

/// What one node says of one name.
public struct NameClaim: Sendable, Hashable {
    public var name: LocalName
    public var digest: Digest
    public var mediaType: MediaType
    /// Nil for an image that merely has such a name there, and was not pushed: it counts less than any other word.
    public var version: NameVersion?
    public var isDeleted: Bool
    public var subject: Digest?
    /// Who says so.
    public var node: NodeID

    public init(
        name: LocalName, digest: Digest, mediaType: MediaType, version: NameVersion?, isDeleted: Bool = false,
        subject: Digest? = nil, node: NodeID
    ) {
        self.name = name
        self.digest = digest
        self.mediaType = mediaType
        self.version = version
        self.isDeleted = isDeleted
        self.subject = subject
        self.node = node
    }
}

/// What a name means after everybody was heard.
public struct NameMeaning: Sendable, Hashable {
    public var digest: Digest
    public var mediaType: MediaType
    public var version: NameVersion?
    public var isDeleted: Bool
    public var subject: Digest?

    /// The newest of what this node knows and others say; the same on every node that hears the same. Nil where nobody says anything.
    public static func newest(_ own: NameRecord?, _ claims: [NameClaim]) -> NameMeaning? {
        var meanings = claims.map {
            NameMeaning(
                digest: $0.digest, mediaType: $0.mediaType, version: $0.version, isDeleted: $0.isDeleted,
                subject: $0.subject)
        }
        if let own { meanings.append(NameMeaning(own)) }
        // Without versions there is no later and earlier: the choice is arbitrary, and the same everywhere.
        return meanings.max { one, other in
            switch (one.version, other.version) {
            case (let one?, let other?) where one != other: one < other
            case (nil, _?): true
            case (_?, nil): false
            default: one.digest < other.digest
            }
        }
    }

    init(_ record: NameRecord) {
        self.init(
            digest: record.digest, mediaType: record.mediaType, version: record.version, isDeleted: record.isDeleted,
            subject: record.subject)
    }

    private init(
        digest: Digest, mediaType: MediaType, version: NameVersion?, isDeleted: Bool, subject: Digest?
    ) {
        self.digest = digest
        self.mediaType = mediaType
        self.version = version
        self.isDeleted = isDeleted
        self.subject = subject
    }
}
