public import OCI
import Synchronization

/// What a peer says of a name.
public struct TagClaim: Sendable {
    /// Who says so.
    public var peer: Peer
    /// Of a deleted name the last one that it had.
    public var digest: Digest
    public var mediaType: MediaType
    /// Seconds since the registry, or a push, said so.
    public var ageSeconds: UInt64
    /// Of a name of the local namespace; nil for registries' tags, and for what was imported under such a name: any version holds
    /// against it.
    public var version: NameVersion?
    /// Whether the name is gone, since this version.
    public var isDeleted: Bool
    /// What the manifest refers to.
    public var subject: Digest?

    public init(
        peer: Peer, digest: Digest, mediaType: MediaType, ageSeconds: UInt64, version: NameVersion? = nil,
        isDeleted: Bool = false, subject: Digest? = nil
    ) {
        self.peer = peer
        self.digest = digest
        self.mediaType = mediaType
        self.ageSeconds = ageSeconds
        self.version = version
        self.isDeleted = isDeleted
        self.subject = subject
    }

    fileprivate init(_ peer: Peer, _ claim: ReferenceIndex.Claim, _ now: ContinuousClock.Instant) {
        self.init(
            peer: peer, digest: claim.digest, mediaType: claim.mediaType,
            ageSeconds: UInt64(max(0, (now - claim.knownGood).components.seconds)), version: claim.version,
            isDeleted: claim.isDeleted, subject: claim.subject)
    }
}

extension Directory {
    /// What living peers say of a tag, or of a manifest of the local namespace: the highest version first, without one the newest.
    /// Empty unless the word of others counts.
    public func claims(for reference: ImageReference) -> [TagClaim] {
        let now = ContinuousClock.now
        return table.withLock { $0.claims(for: reference, now: now) }.map { TagClaim($0.peer, $0.claim, now) }
    }

    /// What living peers say of the names of a repository of the local namespace, its tags and its manifests, each in the order
    /// of `claims(for:)`. Empty unless the word of others counts.
    public func claims(inRepository repository: RepositoryName) -> [ImageReference: [TagClaim]] {
        let now = ContinuousClock.now
        return table.withLock { $0.claims(inRepository: repository, now: now) }.mapValues { claims in
            claims.map { TagClaim($0.peer, $0.claim, now) }
        }
    }

    /// The names that living peers give to a manifest, those left out that were deleted. Looks through all names: not for every request.
    /// Empty unless the word of others counts.
    public func names(of digest: Digest) -> Set<ImageReference> {
        let now = ContinuousClock.now
        return table.withLock { $0.names(of: digest, now: now) }
    }

    /// The repositories of the local namespace that peers tell of, living ones or not, sorted. No more than there are names
    /// (`DirectoryLimits.references`); empty unless the word of others counts.
    public func localRepositories() -> [RepositoryName] {
        table.withLock { $0.references.localRepositories }.sorted()
    }
}
