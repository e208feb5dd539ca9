public import OCI

/// What a node knows of a name, as it tells others: what a registry's tag means, or how a name of the local namespace stands.
///
/// A name of the local namespace is a tag, or a manifest by its digest, which says that the manifest belongs to the repository.
public struct ReferenceEntry: Hashable, Sendable {
    public var reference: ImageReference
    /// Of a deleted name the last one that it had.
    public var digest: Digest
    public var mediaType: MediaType
    /// Seconds since the registry (or a push) last said so, when sent. An age and no date: the clocks of nodes need not agree.
    public var ageSeconds: UInt64
    /// Of a name of the local namespace; nil for registries' tags, and for what was imported under such a name: any version holds
    /// against it.
    public var version: NameVersion?
    /// Whether the name is gone, since this version.
    public var isDeleted: Bool
    /// What the manifest refers to.
    public var subject: Digest?

    public init(
        reference: ImageReference, digest: Digest, mediaType: MediaType, ageSeconds: UInt64,
        version: NameVersion? = nil, isDeleted: Bool = false, subject: Digest? = nil
    ) {
        self.reference = reference
        self.digest = digest
        self.mediaType = mediaType
        self.ageSeconds = ageSeconds
        self.version = version
        self.isDeleted = isDeleted
        self.subject = subject
    }

    /// Whether all parts together can be so.
    var isPossible: Bool {
        guard reference.isTellable, reference.digest ?? digest == digest, version?.isValid ?? true else { return false }
        // Of registries' tags their registries decide. What is deleted is so since a version.
        return reference.registry == nil
            ? !isDeleted || version != nil : version == nil && !isDeleted && subject == nil
    }
}

/// What only names of the local namespace have is left out where it is not so: `"version":{…}`, `"deleted":true`, `"subject":"…"`.
extension ReferenceEntry: Codable {
    private enum CodingKeys: CodingKey {
        case reference, digest, mediaType, ageSeconds
        case version, deleted, subject
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        reference = try container.decode(ImageReference.self, forKey: .reference)
        digest = try container.decode(Digest.self, forKey: .digest)
        mediaType = try container.decode(MediaType.self, forKey: .mediaType)
        ageSeconds = try container.decode(UInt64.self, forKey: .ageSeconds)
        version = try container.decodeIfPresent(NameVersion.self, forKey: .version)
        isDeleted = try container.decodeIfPresent(Bool.self, forKey: .deleted) == true
        subject = try container.decodeIfPresent(Digest.self, forKey: .subject)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(reference, forKey: .reference)
        try container.encode(digest, forKey: .digest)
        try container.encode(mediaType, forKey: .mediaType)
        try container.encode(ageSeconds, forKey: .ageSeconds)
        try container.encodeIfPresent(version, forKey: .version)
        if isDeleted { try container.encode(true, forKey: .deleted) }
        try container.encodeIfPresent(subject, forKey: .subject)
    }
}

/// What this node knows of a name.
public struct ReferenceOffer: Hashable, Sendable {
    public var reference: ImageReference
    /// Of a deleted name the last one that it had.
    public var digest: Digest
    public var mediaType: MediaType
    /// When the registry (or a push) last said so: seconds since 1970 by this node's clock.
    public var knownGood: Int64
    /// Of a name of the local namespace.
    public var version: NameVersion?
    /// Whether the name is gone, since this version.
    public var isDeleted: Bool
    /// What the manifest refers to.
    public var subject: Digest?

    public init(
        reference: ImageReference, digest: Digest, mediaType: MediaType, knownGood: Int64,
        version: NameVersion? = nil, isDeleted: Bool = false, subject: Digest? = nil
    ) {
        self.reference = reference
        self.digest = digest
        self.mediaType = mediaType
        self.knownGood = knownGood
        self.version = version
        self.isDeleted = isDeleted
        self.subject = subject
    }

    func entry(at now: Int64) -> ReferenceEntry {
        ReferenceEntry(
            reference: reference, digest: digest, mediaType: mediaType, ageSeconds: UInt64(max(0, now - knownGood)),
            version: version, isDeleted: isDeleted, subject: subject)
    }
}

extension ImageReference {
    /// Whether nodes tell each other of such a name: a tag, or a manifest of the local namespace by its digest.
    var isTellable: Bool { digest == nil ? tag != nil : isLocalManifest }

    /// Whether it names a manifest of the local namespace by its digest and nothing else.
    var isLocalManifest: Bool { registry == nil && tag == nil && digest != nil }
}
