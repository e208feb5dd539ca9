public import OCI

/// What one answer names of a manifest's referrers: no more than fits an index, which is a manifest too (distribution-spec, "Listing
/// Referrers": what cannot be returned in one is linked).
public struct ReferrersPage: Sendable {
    /// A manifest that refers to another.
    public struct Referrer: Sendable {
        public var digest: Digest
        public var mediaType: MediaType
        public var document: ManifestDocument

        public init(digest: Digest, mediaType: MediaType, document: ManifestDocument) {
            self.digest = digest
            self.mediaType = mediaType
            self.document = document
        }

        /// As the specification wants it: the artifact's own type, or its configuration's; and its annotations.
        var descriptor: Descriptor {
            var descriptor = Descriptor(mediaType: mediaType, digest: digest, size: Int64(document.bytes.count))
            switch document.kind {
            case .manifest(let manifest):
                descriptor.artifactType = manifest.artifactType ?? manifest.config.mediaType
                descriptor.annotations = manifest.annotations
            case .index(let index):
                descriptor.artifactType = index.artifactType
                descriptor.annotations = index.annotations
            case .other:
                break
            }
            return descriptor
        }
    }

    /// How many manifests are looked at for one answer.
    static let limit = 1_000
    /// What their annotations may have together, in bytes; one alone may have more.
    static let size = 3 << 20

    private(set) var descriptors: [Descriptor] = []
    private let artifactType: String?
    private var count = 0
    private var size = 0
    private var last: Digest?
    private var isFull = false

    /// - Parameter artifactType: the only type that is wanted; nil: all are.
    public init(artifactType: String?) {
        self.artifactType = artifactType
    }

    /// Takes the next one, in the order of digests.
    /// - Returns: Whether there was room for it. If not, it begins the next page.
    public mutating func add(_ referrer: Referrer) -> Bool { add(referrer.descriptor) }

    mutating func add(_ descriptor: Descriptor) -> Bool {
        let isWanted = artifactType == nil || descriptor.artifactType?.rawValue == artifactType
        let annotations = isWanted ? descriptor.annotations ?? [:] : [:]
        let all = annotations.reduce(size) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        guard count == 0 || count < Self.limit && all <= Self.size else {
            isFull = true
            return false
        }
        (count, size, last) = (count + 1, all, descriptor.digest)
        if isWanted { descriptors.append(descriptor) }
        return true
    }

    /// The index of those that it took.
    public var answer: ListAnswer {
        ListAnswer(
            body: ListAnswer.encode(ImageIndex(manifests: descriptors)), contentType: MediaType.ociIndex.rawValue,
            nextQuery: nextQuery, filtersApplied: artifactType == nil ? nil : "artifactType")
    }

    /// Where the page before ended, from the query that it linked.
    /// - Throws: DIGEST_INVALID where that is none.
    public static func last(_ continuation: String?) throws(DistributionError) -> Digest? {
        do throws(OCIError) {
            return try Query(continuation).value(of: "last").map { text throws(OCIError) in try Digest(text) }
        } catch {
            throw DistributionError(code: .digestInvalid, message: "query parameter 'last': \(error.message)")
        }
    }

    /// The query of the page after this one; nil on the last.
    var nextQuery: String? {
        guard isFull, let last else { return nil }
        return (artifactType.map { "artifactType=\(PercentCoding.encode($0))&" } ?? "") + "last=\(last)"
    }
}
