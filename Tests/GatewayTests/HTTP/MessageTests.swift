import NIOCore
import NIOHTTP1
import OCI
import Testing

@testable import Gateway

@Suite("HTTP messages")
struct MessageTests {
    @Test(
        "A request target is read in the forms of RFC 9112",
        arguments: [
            ("/", "/", nil, nil), ("/a/b?c=d?e", "/a/b", "c=d?e", nil), ("/a?", "/a", "", nil), ("*", "*", nil, nil),
            ("http://host:80/a?b", "/a", "b", "host:80"), ("HTTP://host", "/", nil, "host"),
            ("http://host?q", "/", "q", "host"), ("https://host/a", "/a", nil, "host"),
        ] as [(String, String, String?, String?)])
    func target(uri: String, path: String, query: String?, authority: String?) {
        let target = RequestTarget(uri)
        #expect(target?.path == path)
        #expect(target?.query == query)
        #expect(target?.authority == authority)
    }

    @Test("Other request targets are none", arguments: ["", "a", "host:443", "ftp://host/", "http:///a", "http://"])
    func noTarget(uri: String) {
        #expect(RequestTarget(uri) == nil)
    }

    @Test(
        "A date is written as HTTP wants it",
        arguments: [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        ])
    func date(seconds: Int, text: String) {
        #expect(HTTPDate(seconds: seconds).description == text)
    }

    private static let tag = EntityTag(StubMirror.blobDigest)

    @Test(
        "If-None-Match compares weakly, and * is anything",
        arguments: [
            ([tag.header], true), (["W/\(tag.header)"], true), (["\"x\", \(tag.header)"], true),
            (["\"x\"", tag.header], true),
            (["*"], true), ([" * "], true), ([], false), (["\"x\""], false), (["\(StubMirror.blobDigest)"], false),
        ] as [([String], Bool)])
    func ifNoneMatch(values: [String], expected: Bool) {
        #expect(Self.tag.matches(ifNoneMatch: values) == expected)
    }

    @Test(
        "If-Range compares strongly",
        arguments: [
            (nil, true), (tag.header, true), ("W/\(tag.header)", false), ("\"x\"", false),
            ("Sun, 06 Nov 1994 08:49:37 GMT", false),
        ] as [(String?, Bool)])
    func ifRange(value: String?, expected: Bool) {
        #expect(Self.tag.permitsRange(ifRange: value) == expected)
    }

    // MARK: Framing

    private static let stream: HTTPBodyStream = AsyncThrowingStream<ByteBuffer, any Error> { $0.finish() }

    private static func head(
        _ response: HTTPResponse, _ method: HTTPMethod = .GET, _ version: HTTPVersion = .http1_1,
        _ headers: HTTPHeaders = [:], mayKeepAlive: Bool = true
    ) -> ResponseHead {
        ResponseHead(
            response, to: HTTPRequest(method: method, version: version, path: "/", headers: headers),
            mayKeepAlive: mayKeepAlive, date: HTTPDate(seconds: 0))
    }

    @Test("An answer without a body says so, and a HEAD's may tell a length")
    func noBody() {
        #expect(Self.head(HTTPResponse(status: .ok)).head.headers["Content-Length"] == ["0"])
        let sized = HTTPResponse(status: .ok, headers: ["Content-Length": "7"])
        #expect(Self.head(sized).head.headers["Content-Length"] == ["0"])
        #expect(Self.head(sized, .HEAD).head.headers["Content-Length"] == ["7"])
        #expect(Self.head(HTTPResponse(status: .noContent)).head.headers["Content-Length"] == [])
        #expect(Self.head(HTTPResponse(status: .notModified)).head.headers["Content-Length"] == [])
    }

    @Test("A body of unknown length is chunked, or ends with an HTTP/1.0 connection")
    func unknownLength() {
        let response = HTTPResponse(status: .ok, body: .stream(Self.stream, length: nil))
        #expect(Self.head(response).head.headers["Transfer-Encoding"] == ["chunked"])
        #expect(Self.head(response).isKeepAlive)
        let old = Self.head(response, .GET, .http1_0, ["Connection": "keep-alive"])
        #expect(old.head.headers["Transfer-Encoding"] == [])
        #expect(!old.isKeepAlive)
        #expect(Self.head(response, .HEAD).head.headers["Transfer-Encoding"] == [])
    }

    @Test("A length is the body's, whatever the responder said")
    func length() {
        let response = HTTPResponse(status: .ok, headers: ["Content-Length": "7"], body: .bytes([1, 2]))
        #expect(Self.head(response).head.headers["Content-Length"] == ["2"])
        #expect(Self.head(response, .HEAD).head.headers["Content-Length"] == ["2"])
        #expect(!Self.head(response, .HEAD).sendsBody)
    }

    @Test("A header with a line break does not go out")
    func splitting() {
        let response = HTTPResponse(
            status: .ok, headers: ["Link": "a\r\nSet-Cookie: b", "X-A\n": "b", "Fine": "a\tb"], body: .none)
        let headers = Self.head(response).head.headers
        #expect(!headers.contains(name: "Link"))
        #expect(headers.first(name: "Fine") == "a\tb")
        #expect(headers.allSatisfy { !$0.name.contains("\n") })
    }

    @Test("A connection that must close says so")
    func connection() {
        #expect(Self.head(.text("a"), mayKeepAlive: false).head.headers["Connection"] == ["close"])
        #expect(Self.head(.text("a")).head.headers["Connection"] == [])
        #expect(Self.head(.text("a"), .CONNECT).head.headers["Connection"] == ["close"])
    }
}
