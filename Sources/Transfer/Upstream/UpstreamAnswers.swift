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
    /// Nil where the registry does not say.
    public var pullsLeft: PullsLeft?
}

/// How many pulls a registry has left for this address or account: `ratelimit-remaining: 76;w=21600`, as Docker Hub sends it.
public struct PullsLeft: Sendable, Equatable {
    public var remaining: Int
    public var limit: Int?

    /// Reads the headers; nil where the first is no number.
    init?(remaining: String?, limit: String?) {
        func number(_ text: String?) -> Int? {
            text.flatMap { $0.split(separator: ";").first }.flatMap { Int($0.filter { $0 != " " }) }
        }
        guard let remaining = number(remaining), remaining >= 0 else { return nil }
        self.remaining = remaining
        self.limit = number(limit)
    }
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
