public import OCI

/// A manifest from upstream, its digest found right.
public struct UpstreamManifest: Sendable {
    public var bytes: [UInt8]
    public var mediaType: MediaType?
    public var digest: Digest
    /// No credentials of this node were needed.
    public var anonymous: Bool
}

/// What a HEAD of a manifest tells.
public struct UpstreamHead: Sendable {
    /// Nil where the registry does not send `Docker-Content-Digest`.
    public var digest: Digest?
    public var mediaType: MediaType?
    public var size: Int64?
    /// No credentials of this node were needed.
    public var anonymous: Bool
}

/// A list from upstream, as it came.
public struct UpstreamList: Sendable {
    public var body: [UInt8]
    public var contentType: String
    /// The `Link` header: where the next page is, in upstream's words.
    public var link: String?
    /// `OCI-Filters-Applied`
    public var filtersApplied: String?
}
