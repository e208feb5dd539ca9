public import Discovery
public import NIOCore
public import NIOHTTP1

/// A request that has arrived: whole, its small body included, or with a body that is read while it arrives.
public struct HTTPRequest: Sendable {
    public var method: HTTPMethod
    public var version: HTTPVersion
    /// The path as it came: begins with `/` (or is `*`), not percent-decoded.
    public var path: String
    /// What follows the `?`, undecoded; nil where there is none.
    public var query: String?
    public var headers: HTTPHeaders
    /// At most ``HTTPLimits/bodySize`` bytes; empty where the body is a ``stream``.
    public var body: ByteBuffer
    /// The body, where the responder takes it as it arrives (``HTTPResponder/streamsBody(of:path:)``).
    public var stream: (any HTTPBodyReader)?
    /// Who asks; nil where the kernel did not say.
    public var remoteAddress: SocketAddress?
    /// Whether it came over TLS.
    public var isSecure: Bool
    /// Which node asks, where it showed a certificate that names one.
    public var certifiedNode: NodeID?
    /// Names the request in logs.
    public var id: String

    public init(
        method: HTTPMethod, version: HTTPVersion = .http1_1, path: String, query: String? = nil,
        headers: HTTPHeaders = [:], body: ByteBuffer = ByteBuffer(), remoteAddress: SocketAddress? = nil,
        isSecure: Bool = false, id: String = "-"
    ) {
        self.method = method
        self.version = version
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.remoteAddress = remoteAddress
        self.isSecure = isSecure
        self.id = id
    }

    /// The body's length where the client told it beforehand.
    public var contentLength: Int64? { headers.first(name: "Content-Length").flatMap { Int64($0) } }

    /// Path and query as they came, without scheme and host: what a signature over the request covers.
    public var target: String { query.map { "\(path)?\($0)" } ?? path }

    /// Whether the client wants to ask more on this connection, and we can find the next request's first byte.
    ///
    /// An upgrade is not offered, but the parser stops at it, and what follows on the connection would never be read.
    var isKeepAlive: Bool {
        let head = HTTPRequestHead(version: version, method: method, uri: path, headers: headers)
        return head.isKeepAlive && method != .CONNECT && !headers.contains(name: "Upgrade")
    }
}
