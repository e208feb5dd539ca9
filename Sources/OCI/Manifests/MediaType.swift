/// A media type without parameters, in lower case: `application/vnd.oci.image.manifest.v1+json`.
public struct MediaType: RawRepresentable, Codable, CustomStringConvertible, Hashable, Sendable {
    /// A manifest of one image.
    public static let ociManifest = known("application/vnd.oci.image.manifest.v1+json")
    /// A list of manifests.
    public static let ociIndex = known("application/vnd.oci.image.index.v1+json")
    /// A manifest of one image, as Docker writes it.
    public static let dockerManifest = known("application/vnd.docker.distribution.manifest.v2+json")
    /// A list of manifests, as Docker writes it.
    public static let dockerManifestList = known("application/vnd.docker.distribution.manifest.list.v2+json")
    /// Docker's schema 1; kept and passed on, never parsed.
    public static let dockerSchema1 = known("application/vnd.docker.distribution.manifest.v1+json")
    /// Schema 1 with signatures.
    public static let dockerSchema1Signed = known("application/vnd.docker.distribution.manifest.v1+prettyjws")

    /// An image's configuration.
    public static let ociConfig = known("application/vnd.oci.image.config.v1+json")
    /// An image's configuration, as Docker writes it.
    public static let dockerConfig = known("application/vnd.docker.container.image.v1+json")
    /// The two bytes `{}`, where an artifact needs no configuration.
    public static let ociEmpty = known("application/vnd.oci.empty.v1+json")

    /// A layer that is not compressed.
    public static let ociLayer = known("application/vnd.oci.image.layer.v1.tar")
    /// A layer, compressed by gzip.
    public static let ociLayerGzip = known("application/vnd.oci.image.layer.v1.tar+gzip")
    /// A layer, compressed by zstd.
    public static let ociLayerZstd = known("application/vnd.oci.image.layer.v1.tar+zstd")
    /// A layer that is not compressed, as `docker save` writes it.
    public static let dockerLayer = known("application/vnd.docker.image.rootfs.diff.tar")
    /// A layer, compressed by gzip, as Docker writes it.
    public static let dockerLayerGzip = known("application/vnd.docker.image.rootfs.diff.tar.gzip")
    /// A layer that is fetched from its maker.
    public static let dockerForeignLayer = known("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")

    /// Errors and lists.
    public static let json = known("application/json")
    /// Bytes.
    public static let octetStream = known("application/octet-stream")
    /// Text.
    public static let plainText = known("text/plain")

    /// What to ask registries for: every manifest type that is understood here, indexes first.
    public static let manifestAccept: [MediaType] = [.ociIndex, .dockerManifestList, .ociManifest, .dockerManifest]

    /// RFC 6838 §4.2: 127 characters on each side of the slash.
    private static let maximumPartLength = 127

    /// `type/subtype`
    public let rawValue: String

    /// Nil where `init(_:)` throws.
    public init?(rawValue: String) {
        guard let media = try? MediaType(rawValue) else { return nil }
        self = media
    }

    /// Reads a type as it stands in `Content-Type`, drops its parameters and lower-cases it.
    /// - Throws: `.mediaTypeInvalid` unless it begins with `type/subtype`.
    public init(_ text: some StringProtocol) throws(OCIError) {
        var cursor = HeaderCursor(text)
        cursor.skipWhitespace()
        guard let type = cursor.token(), cursor.take(.slash), let subtype = cursor.token(),
            type.utf8.count <= Self.maximumPartLength, subtype.utf8.count <= Self.maximumPartLength,
            !type.utf8.contains(UInt8(ascii: "*")), !subtype.utf8.contains(UInt8(ascii: "*"))
        else { throw Self.error(text) }
        cursor.skipWhitespace()
        guard cursor.isAtEnd || cursor.next == .semicolon else { throw Self.error(text) }
        self.init(known: "\(type)/\(subtype)".lowercased())
    }

    private init(known: String) {
        rawValue = known
    }

    private static func known(_ text: String) -> MediaType { MediaType(known: text) }

    private static func error(_ text: some StringProtocol) -> OCIError {
        OCIError(code: .mediaTypeInvalid, message: "media type \(Excerpt(text)) is not valid; expected type/subtype")
    }

    public var description: String { rawValue }

    /// What stands before the slash.
    public var type: Substring { Substring(rawValue.utf8.prefix { $0 != .slash }) }
    /// What stands behind the slash.
    public var subtype: Substring { Substring(rawValue.utf8.drop { $0 != .slash }.dropFirst()) }

    /// A manifest of one image, OCI or Docker schema 2.
    public var isManifest: Bool { self == .ociManifest || self == .dockerManifest }
    /// A list of manifests, OCI or Docker.
    public var isIndex: Bool { self == .ociIndex || self == .dockerManifestList }
    /// Whether this module reads documents of this type.
    public var isManifestOrIndex: Bool { isManifest || isIndex }

    /// What servers say that do not know better: it tells nothing about a manifest.
    public var isGeneric: Bool { self == .json || self == .octetStream || self == .plainText }

    /// A layer that its licence forbids to hand on: it is not in the registry, or not for sharing.
    public var isNondistributable: Bool {
        self == .dockerForeignLayer || rawValue.hasPrefix("application/vnd.oci.image.layer.nondistributable.")
    }

    public init(from decoder: any Decoder) throws {
        self = try decoder.parseText { text throws(OCIError) in try Self(text) }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}
