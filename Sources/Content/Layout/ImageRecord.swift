public import OCI

/// One entry of a layout's `index.json`: a manifest or index that this node knows, where it came from, and who may see it.
public struct ImageRecord: Sendable, Equatable {
    /// The tag under which it is known; nil where only its digest is.
    public var reference: ImageReference?
    /// Where upstream has it; nil for what was made on this LAN.
    public var origin: Origin?
    public var digest: Digest
    public var mediaType: MediaType
    /// Of the manifest, in bytes.
    public var size: Int64
    /// When upstream, or a push, last said so: seconds since 1970 by this node's clock.
    public var knownGood: Int64
    /// Whether upstream hands it to anybody; nil where it has not been asked.
    public var isPublic: Bool?
    /// When it was asked.
    public var checkedAt: Int64?

    public init(
        reference: ImageReference?, origin: Origin?, digest: Digest, mediaType: MediaType, size: Int64,
        knownGood: Int64,
        isPublic: Bool?, checkedAt: Int64?
    ) {
        self.reference = reference
        self.origin = origin
        self.digest = digest
        self.mediaType = mediaType
        self.size = size
        self.knownGood = knownGood
        self.isPublic = isPublic
        self.checkedAt = checkedAt
    }
}

/// How a record stands in `index.json`.
extension ImageRecord {
    private enum Key {
        /// image-spec, "Pre-Defined Annotation Keys"; skopeo finds an image of a layout by it.
        static let reference = "org.opencontainers.image.ref.name"
        static let origin = "dev.shoal.origin"
        static let knownGood = "dev.shoal.known-good"
        static let isPublic = "dev.shoal.public"
        static let checkedAt = "dev.shoal.checked-at"
    }

    var descriptor: Descriptor {
        var annotations: [String: String] = [Key.knownGood: String(knownGood)]
        annotations[Key.reference] = reference?.description
        annotations[Key.origin] = origin?.description
        annotations[Key.isPublic] = isPublic.map(String.init)
        annotations[Key.checkedAt] = checkedAt.map(String.init)
        return Descriptor(mediaType: mediaType, digest: digest, size: size, annotations: annotations)
    }

    /// Nil for an entry that another program made.
    init?(_ descriptor: Descriptor) {
        guard let annotations = descriptor.annotations,
            let knownGood = annotations[Key.knownGood].flatMap({ Int64($0) })
        else { return nil }
        self.init(
            reference: annotations[Key.reference].flatMap { try? ImageReference(normalizing: $0) },
            origin: annotations[Key.origin].flatMap { try? Origin($0) }, digest: descriptor.digest,
            mediaType: descriptor.mediaType, size: descriptor.size, knownGood: knownGood,
            isPublic: annotations[Key.isPublic].flatMap { Bool($0) },
            checkedAt: annotations[Key.checkedAt].flatMap { Int64($0) })
    }
}
