public import NIOHTTP1

/// Answers requests. Must stop soon when its task is cancelled: the client has gone then.
public protocol HTTPResponder: Sendable {
    /// Returns when the first byte of the answer can follow.
    func respond(to request: HTTPRequest) async -> HTTPResponse

    /// Whether the body of such a request goes to the responder as it arrives (``HTTPRequest/stream``), instead of being gathered up to
    /// ``HTTPLimits/bodySize`` before. `path` is as it came.
    func streamsBody(of method: HTTPMethod, path: String) -> Bool

    /// Words what the server itself has to say, in the form that this responder's clients read.
    func refuse(_ refusal: HTTPRefusal) -> HTTPResponse
}

extension HTTPResponder {
    public func streamsBody(of method: HTTPMethod, path: String) -> Bool { false }

    /// RFC 9457.
    public func refuse(_ refusal: HTTPRefusal) -> HTTPResponse {
        var response = HTTPResponse.problem(refusal.reason.status, refusal.message)
        if refusal.reason.status == .serviceUnavailable { response.headers.add(name: "Retry-After", value: "1") }
        return response
    }
}
