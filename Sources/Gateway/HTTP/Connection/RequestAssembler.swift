import Discovery
import NIOCore
import NIOHTTP1

/// Puts a request together from what the parser hands out, within the limits.
struct RequestAssembler {
    enum Step {
        /// More has to come.
        case wait
        /// More has to come, and the client waits for a `100 Continue` before it sends it.
        case invite
        case deliver(HTTPRequest)
        /// The request's body follows, in chunks.
        case open(HTTPRequest, awaitsInvitation: Bool)
        case chunk(ByteBuffer)
        /// The body is whole.
        case close
        /// The request is turned down before it is whole; what follows on the connection cannot be understood any more.
        case refuse(HTTPRefusal)
    }

    private let limits: HTTPLimits
    private let remoteAddress: SocketAddress?
    private let connectionID: String
    private let isSecure: Bool
    private let streamsBody: @Sendable (HTTPMethod, String) -> Bool
    /// Which node the connection's certificate names.
    var certifiedNode: NodeID?
    private var count = 0
    private var partial: HTTPRequest?
    private var isStreaming = false
    private var hasRefused = false

    /// - Parameter streamsBody: whether the body of a request with that method and path is handed on in chunks.
    init(
        limits: HTTPLimits, remoteAddress: SocketAddress?, connectionID: String, isSecure: Bool = false,
        streamsBody: @escaping @Sendable (HTTPMethod, String) -> Bool = { _, _ in false }
    ) {
        self.limits = limits
        self.remoteAddress = remoteAddress
        self.connectionID = connectionID
        self.isSecure = isSecure
        self.streamsBody = streamsBody
    }

    mutating func receive(_ part: HTTPServerRequestPart) -> Step {
        guard !hasRefused else { return .wait }
        let step: Step
        switch part {
        case .head(let head): step = begin(head)
        case .body(let chunk): step = append(chunk)
        case .end: step = end()
        }
        if case .refuse = step {
            hasRefused = true
            partial = nil
        }
        return step
    }

    private mutating func begin(_ head: HTTPRequestHead) -> Step {
        guard head.uri.utf8.count <= limits.requestLineSize else {
            return .refuse(
                HTTPRefusal(.targetTooLong, "the request's target is longer than \(limits.requestLineSize) bytes"))
        }
        guard let target = RequestTarget(head.uri) else {
            return .refuse(HTTPRefusal(.malformed, "the request's target is neither a path nor an http URL"))
        }
        var headers = head.headers
        if let authority = target.authority { headers.replaceOrAdd(name: "Host", value: authority) }
        // RFC 9112 §3.2: whoever is in doubt about the host must not guess.
        let hosts = headers["Host"].count
        guard hosts == 1 || (hosts == 0 && head.version < .http1_1) else {
            return .refuse(HTTPRefusal(.malformed, "the request has \(hosts == 0 ? "no" : "more than one") Host field"))
        }
        count += 1
        partial = HTTPRequest(
            method: head.method, version: head.version, path: target.path, query: target.query, headers: headers,
            remoteAddress: remoteAddress, isSecure: isSecure, id: "\(connectionID)-\(count)")
        partial?.certifiedNode = certifiedNode
        return expectation(of: head)
    }

    /// Whether the client may send its body, and where that goes.
    private mutating func expectation(of head: HTTPRequestHead) -> Step {
        let length = head.headers.first(name: "Content-Length").flatMap(Int.init) ?? 0
        let hasBody = length > 0 || head.headers.contains(name: "Transfer-Encoding")
        let expectations = head.headers[canonicalForm: "Expect"]
        let isExpecting = !expectations.isEmpty && head.version >= .http1_1
        guard !isExpecting || expectations.allSatisfy({ $0.lowercased() == "100-continue" }) else {
            return .refuse(HTTPRefusal(.expectationUnknown, "only 100-continue can be expected"))
        }
        if hasBody, let request = partial, streamsBody(request.method, request.path) {
            partial = nil
            isStreaming = true
            return .open(request, awaitsInvitation: isExpecting)
        }
        guard length <= limits.bodySize else { return tooLarge }
        return isExpecting && hasBody ? .invite : .wait
    }

    private mutating func append(_ chunk: ByteBuffer) -> Step {
        if isStreaming { return .chunk(chunk) }
        guard let size = partial?.body.readableBytes, size + chunk.readableBytes <= limits.bodySize else {
            return tooLarge
        }
        partial?.body.writeImmutableBuffer(chunk)
        return .wait
    }

    private mutating func end() -> Step {
        if isStreaming {
            isStreaming = false
            return .close
        }
        guard let request = partial else { return .wait }
        partial = nil
        return .deliver(request)
    }

    private var tooLarge: Step {
        .refuse(HTTPRefusal(.bodyTooLarge, "the request's body is larger than \(limits.bodySize) bytes"))
    }
}

extension HTTPVersion {
    static func < (left: HTTPVersion, right: HTTPVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    static func >= (left: HTTPVersion, right: HTTPVersion) -> Bool { !(left < right) }
}
