import Dashboard
import Gateway
import NIOHTTP1

/// The dashboard, and the stream that keeps it live.
extension AdminResponder {
    private static let page = DashboardPage()

    func dashboard(_ request: HTTPRequest) -> HTTPResponse {
        let page = Self.page
        let tag = EntityTag(page.digest)
        let headers: HTTPHeaders = [
            "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": page.contentSecurityPolicy,
            "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-cache",
            // Weak: compressed or not, it is the same page.
            "ETag": "W/\(tag.header)",
        ]
        guard !tag.matches(ifNoneMatch: request.headers["If-None-Match"]) else {
            return HTTPResponse(status: .notModified, headers: headers)
        }
        return HTTPResponse(status: .ok, headers: headers, body: .bytes(page.bytes)).compressed(for: request)
    }

    func live() -> HTTPResponse {
        guard streams.enter() else {
            return .problem(
                .serviceUnavailable,
                "\(LiveStreams.limit) streams are open, which is as many as there may be; close a dashboard",
                headers: ["Retry-After": "10"])
        }
        return HTTPResponse(
            status: .ok, headers: ["Content-Type": "text/event-stream"],
            body: .stream(LiveStatus(source: source), length: nil), onEnd: { [streams] _ in streams.leave() })
    }
}
