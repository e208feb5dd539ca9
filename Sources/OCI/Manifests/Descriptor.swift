/// A pointer to content: its type, digest and size (OCI image specification, `descriptor.md`).
public struct Descriptor: Codable, Hashable, Sendable {
    /// The type of the content.
    public var mediaType: MediaType
    /// The content's digest: the only proof of it.
    public var digest: Digest
    /// In bytes; decoding refuses negative sizes, and takes what is beyond ``largestSize`` for that.
    public var size: Int64

    /// 16 TiB: more than any content has. The sum of all sizes that one document can name still fits into 64 bits.
    public static let largestSize: Int64 = 1 << 44
    /// Free text by name.
    public var annotations: [String: String]?
    /// Which platform a manifest in an index is for.
    public var platform: Platform?
    /// The type of the artifact that a manifest describes.
    public var artifactType: MediaType?
    /// Where else the content may be had; see `isForeign`.
    public var urls: [String]?
    /// The content itself, in base64, as it stands in the document. Not checked against the digest.
    public var data: String?

    /// Makes a descriptor; nothing is checked.
    public init(
        mediaType: MediaType, digest: Digest, size: Int64, annotations: [String: String]? = nil,
        platform: Platform? = nil, artifactType: MediaType? = nil, urls: [String]? = nil, data: String? = nil
    ) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.annotations = annotations
        self.platform = platform
        self.artifactType = artifactType
        self.urls = urls
        self.data = data
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        mediaType = try container.decode(MediaType.self, forKey: .mediaType)
        digest = try container.decode(Digest.self, forKey: .digest)
        let told = try container.decode(Int64.self, forKey: .size)
        guard told >= 0 else {
            throw DecodingError.dataCorruptedError(forKey: .size, in: container, debugDescription: "size is negative")
        }
        size = min(told, Self.largestSize)
        annotations = try container.decodeIfPresent([String: String].self, forKey: .annotations)
        platform = try container.decodeIfPresent(Platform.self, forKey: .platform)
        artifactType = try container.decodeIfPresent(MediaType.self, forKey: .artifactType)
        urls = try container.decodeIfPresent([String].self, forKey: .urls)
        data = try container.decodeIfPresent(String.self, forKey: .data)
    }

    /// Whether the content lives outside the registry, or may not be handed on.
    public var isForeign: Bool { urls?.isEmpty == false || mediaType.isNondistributable }
}
