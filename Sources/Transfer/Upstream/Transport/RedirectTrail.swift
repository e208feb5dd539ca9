import FoundationEssentials

/// Where a request has been, and whether it may go on: a value.
struct RedirectTrail {
    private let limit: Int
    private var visited: Set<String> = []
    /// Who was asked in the first place.
    private(set) var first: WebOrigin?

    /// - Parameter limit: how many redirects are followed.
    init(limit: Int) { self.limit = limit }

    /// The next step.
    /// - Throws: where it must not be taken.
    mutating func visit(_ url: URL, _ endpoint: Endpoint) throws(TransportFailure) -> WebOrigin {
        guard let origin = WebOrigin(url) else {
            throw TransportFailure(.nonsense, "it leads to something else than http or https")
        }
        guard visited.insert(url.absoluteString).inserted else {
            throw TransportFailure(.nonsense, "its redirects lead in a circle")
        }
        guard visited.count <= limit + 1 else {
            throw TransportFailure(.nonsense, "it redirects more than \(limit) times")
        }
        if origin.scheme == "http", !endpoint.allowsPlainHTTP(to: origin) {
            throw TransportFailure(
                .notAllowed,
                "it leads to plain HTTP at \(origin.host); allow it with plain_http = true in its [upstream] table")
        }
        if !endpoint.isNamed(origin), AddressRules.isForbidden(host: origin.host) { throw .forbiddenAddress }
        if first == nil { first = origin }
        return origin
    }
}
