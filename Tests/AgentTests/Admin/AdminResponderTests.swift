import FoundationEssentials
import Gateway
import NIOHTTP1
import Testing

@testable import Agent

@Suite struct AdminResponderTests {
    private func ask(
        _ path: String, query: String? = nil, method: HTTPMethod = .GET, host: String? = "localhost:5052",
        access: AdminAccess = .loopback, readiness: Readiness = .ready
    ) async throws -> (status: UInt, type: String?, body: String, headers: HTTPHeaders) {
        var headers: HTTPHeaders = [:]
        if let host { headers.add(name: "Host", value: host) }
        let source = StubSource(
            snapshot: try .sample(), found: try LocateSnapshot.sample().blobs, isReady: readiness)
        let response = await AdminResponder(source: source, access: access)
            .respond(to: HTTPRequest(method: method, path: path, query: query, headers: headers))
        guard case .bytes(let bytes) = response.body else {
            Issue.record("no body")
            return (response.status.code, nil, "", response.headers)
        }
        return (
            response.status.code, response.headers.first(name: "Content-Type"), String(decoding: bytes, as: UTF8.self),
            response.headers
        )
    }

    @Test(
        "each path answers in its type",
        arguments: [
            ("/api/v1/status", "application/json", #"{"bytes":{"#),
            ("/api/v1/peers", "application/json", #"{"peers":[{"#),
            ("/api/v1/transfers", "application/json", #"{"schema":1,"transfers":[{"#),
            ("/metrics", "text/plain; version=0.0.4; charset=utf-8", "# HELP shoal_"),
            ("/api/v1/history", "application/json", #"{"end":"1970-01-01T00:00:00.000Z","peers":[0],"schema":1,"#),
            ("/healthz", "text/plain; charset=utf-8", "ok\n"), ("/readyz", "text/plain; charset=utf-8", "ready\n"),
        ])
    func paths(path: String, type: String, beginning: String) async throws {
        let answer = try await ask(path)
        #expect(answer.status == 200)
        #expect(answer.type == type)
        #expect(answer.body.hasPrefix(beginning))
        #expect(answer.headers["Cache-Control"] == ["no-store"])
    }

    @Test("locate takes what is percent-encoded, and tells the name in full")
    func locate() async throws {
        let answer = try await ask("/api/v1/locate", query: "q=nginx%3A1.27")
        #expect(answer.status == 200)
        #expect(answer.body.contains(#""query":"docker.io/library/nginx:1.27""#))
    }

    @Test(
        "locate without a sensible question is 400", arguments: [nil, "", "q=", "q=A", "q=a&q=b", "q=%zz", "x=nginx"])
    func badQuestion(query: String?) async throws {
        let answer = try await ask("/api/v1/locate", query: query)
        #expect(answer.status == 400)
        #expect(answer.type == "application/problem+json")
    }

    @Test("an agent that is not ready says why")
    func notReady() async throws {
        let answer = try await ask("/readyz", readiness: .notReady("the mirror is not bound yet"))
        #expect(answer.status == 503)
        #expect(answer.body.contains("the mirror is not bound yet"))
    }

    @Test(
        "other paths are 404",
        arguments: [
            "//", "/index.html", "/favicon.ico", "/api/v1/status/", "/api/v1", "/metricsx", "*", "/api/v1/stat%75s",
        ])
    func unknown(path: String) async throws {
        let answer = try await ask(path)
        #expect(answer.status == 404)
        #expect(answer.type == "application/problem+json")
    }

    @Test("nothing can be changed", arguments: [HTTPMethod.POST, .PUT, .DELETE, .PATCH, .OPTIONS])
    func methods(method: HTTPMethod) async throws {
        let answer = try await ask("/api/v1/status", method: method)
        #expect(answer.status == 405)
        #expect(answer.headers["Allow"] == ["GET, HEAD"])
    }

    @Test("HEAD is answered like GET")
    func head() async throws {
        #expect(try await ask("/api/v1/status", method: .HEAD).status == 200)
    }

    @Test(
        "on loopback only loopback's names are answered",
        arguments: [
            ("localhost:5052", 200), ("127.0.0.1:5052", 200), ("[::1]:5052", 200), ("LOCALHOST", 200),
            ("evil.example:5052", 403), ("x.localhost", 403), ("192.168.1.7:5052", 403), ("a b", 403), ("", 403),
        ] as [(String, UInt)])
    func hosts(host: String, status: UInt) async throws {
        #expect(try await ask("/metrics", host: host).status == status)
    }

    @Test(
        "where the operator listens for others, and on the socket, any name is answered",
        arguments: [AdminAccess.remote, .socket])
    func otherHosts(access: AdminAccess) async throws {
        #expect(try await ask("/metrics", host: "node-a.lan:5052", access: access).status == 200)
    }

    @Test(
        "a listener's address tells who can reach it",
        arguments: [("127.0.0.1:1", AdminAccess.loopback), ("0.0.0.0:1", .remote)])
    func access(address: String, access: AdminAccess) throws {
        #expect(AdminAccess(try #require(ListenEndpoint(text: address))) == access)
    }
}
