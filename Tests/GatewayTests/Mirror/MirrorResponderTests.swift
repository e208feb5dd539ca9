import Content
import NIOHTTP1
import OCI
import Testing

@testable import Gateway

@Suite("Mirror routes", .timeLimit(.minutes(1)))
struct MirrorResponderTests {
    static let blob = "/v2/library/app/blobs/\(StubMirror.blobDigest)"
    static let manifests = "/v2/library/app/manifests/"
    static let absent = "sha256:" + String(repeating: "c", count: 64)

    struct Case: Sendable, CustomTestStringConvertible {
        var line: String
        var headers: [(String, String)] = []
        var status: Int
        /// The code of the specification's error, or what the body contains.
        var body: String = ""
        var answer: [(String, String)] = []

        init(
            _ line: String, _ headers: [(String, String)], _ status: Int, _ body: String = "",
            _ answer: [(String, String)] = []
        ) {
            (self.line, self.headers, self.status, self.body, self.answer) = (line, headers, status, body, answer)
        }

        init(_ line: String, _ status: Int, _ body: String = "", _ answer: [(String, String)] = []) {
            self.init(line, [], status, body, answer)
        }

        var testDescription: String { "\(line) \(headers.map { "\($0.0): \($0.1)" }.joined(separator: ", "))" }

        var request: HTTPRequest {
            let parts = line.split(separator: " ", maxSplits: 1)
            let target = parts[1].split(separator: "?", maxSplits: 1)
            var fields = HTTPHeaders(headers)
            if !fields.contains(name: "Host") { fields.add(name: "Host", value: "localhost:5050") }
            return HTTPRequest(
                method: HTTPMethod(rawValue: String(parts[0])), path: String(target[0]),
                query: target.count > 1 ? String(target[1]) : nil, headers: fields)
        }
    }

    private static func check(_ test: Case, _ response: HTTPResponse) {
        #expect(response.status.code == test.status)
        #expect(response.headers.first(name: "Docker-Distribution-API-Version") == "registry/2.0")
        for (name, value) in test.answer { #expect(response.headers.first(name: name) == value) }
        switch response.body {
        case .bytes(let bytes): #expect(String(decoding: bytes, as: UTF8.self).contains(test.body))
        case .blob(let blob):
            #expect(test.body == "\(blob.range)")
            blob.reader.close()
        case .stream(_, let length): #expect(test.body == "stream \(length ?? -1)")
        case .none: #expect(test.body == "")
        }
    }

    @Test(
        "What is there is answered with the headers that clients need",
        arguments: [
            Case("GET /v2/", 200, "{}", [("Content-Type", "application/json")]),
            Case("GET /v2", 200, "{}"),
            Case(
                "GET \(manifests)latest?ns=docker.io", 200, "schemaVersion",
                [
                    ("Content-Type", "application/vnd.oci.image.manifest.v1+json"),
                    ("Docker-Content-Digest", "\(StubMirror.manifestDigest)"),
                    ("ETag", "\"\(StubMirror.manifestDigest)\""),
                ]),
            Case("GET \(manifests)\(StubMirror.manifestDigest)?ns=docker.io", 200, "schemaVersion"),
            Case("GET \(manifests)latest?ns=docker.io", [("Accept", "*/*")], 200, "schemaVersion"),
            Case(
                "GET \(manifests)latest?ns=docker.io", [("If-None-Match", "\"x\", W/\"\(StubMirror.manifestDigest)\"")],
                304, "",
                [("ETag", "\"\(StubMirror.manifestDigest)\"")]),
            // One document has the digest, whatever its type.
            Case(
                "GET \(manifests)\(StubMirror.manifestDigest)?ns=docker.io",
                [("Accept", "application/vnd.docker.distribution.manifest.v2+json")], 200, "schemaVersion"),
            Case(
                "GET \(blob)?ns=docker.io", 200, "0..<1000",
                [
                    ("Content-Type", "application/octet-stream"), ("Docker-Content-Digest", "\(StubMirror.blobDigest)"),
                    ("Accept-Ranges", "bytes"), ("ETag", "\"\(StubMirror.blobDigest)\""),
                ]),
            Case("GET \(blob)", 200, "0..<1000"),
            Case("GET \(blob)", [("Range", "bytes=0-1")], 206, "0..<2", [("Content-Range", "bytes 0-1/1000")]),
            Case("GET \(blob)", [("Range", "bytes=10-")], 206, "10..<1000", [("Content-Range", "bytes 10-999/1000")]),
            Case("GET \(blob)", [("Range", "bytes=-10")], 206, "990..<1000", [("Content-Range", "bytes 990-999/1000")]),
            Case(
                "GET \(blob)", [("Range", "bytes=990-5000")], 206, "990..<1000",
                [("Content-Range", "bytes 990-999/1000")]),
            Case("GET \(blob)", [("Range", "bytes=0-")], 206, "0..<1000"),
            Case("GET \(blob)", [("Range", "bytes=0-1,5-6")], 200, "0..<1000"),
            Case("GET \(blob)", [("Range", "lines=0-1")], 200, "0..<1000"),
            Case("GET \(blob)", [("Range", "bytes=5-1")], 200, "0..<1000"),
            Case("GET \(blob)", [("Range", "bytes=0-1"), ("Range", "bytes=2-3")], 200, "0..<1000"),
            Case("GET \(blob)", [("Range", "bytes=0-1"), ("If-Range", "\"\(StubMirror.blobDigest)\"")], 206, "0..<2"),
            Case("GET \(blob)", [("Range", "bytes=0-1"), ("If-Range", "\"other\"")], 200, "0..<1000"),
            Case("GET \(blob)", [("If-None-Match", "*")], 304),
            Case("GET \(blob)", [("Accept-Encoding", "gzip, zstd")], 200, "0..<1000"),
            Case(
                "GET /v2/app/tags/list", 200, "latest", [("Link", "</v2/app/tags/list?n=1&last=latest>; rel=\"next\"")]),
            Case(
                "GET /v2/app/referrers/\(StubMirror.manifestDigest)", 200, "manifests",
                [("Content-Type", "application/vnd.oci.image.index.v1+json")]),
            Case("GET /v2/", [("Host", "127.0.0.1:5050")], 200, "{}"),
            Case("GET /v2/", [("Host", "127.9.8.7")], 200, "{}"),
            Case("GET /v2/", [("Host", "[::1]:5050")], 200, "{}"),
            Case("GET /v2/", [("Host", "LOCALHOST")], 200, "{}"),
        ])
    func found(test: Case) async {
        Self.check(test, await MirrorResponder(StubMirror()).respond(to: test.request))
    }

    @Test(
        "What is not there or not allowed is answered with its status and the specification's code",
        arguments: [
            Case("GET /", 404, "NAME_UNKNOWN"),
            Case("GET /v1/node", 404, "NAME_UNKNOWN"),
            Case("GET /v2/app", 404, "NAME_UNKNOWN"),
            Case("GET /v2/App/manifests/latest", 400, "NAME_INVALID"),
            Case("GET /v2/a//b/manifests/latest", 400, "NAME_INVALID"),
            Case("GET /v2/../../etc/manifests/passwd", 400, "NAME_INVALID"),
            Case("GET /v2/%2e%2e/manifests/latest", 400, "NAME_INVALID"),
            Case("GET /v2/app/manifests/-x", 400, "TAG_INVALID"),
            Case("GET /v2/app/manifests/sha256:abc", 400, "DIGEST_INVALID"),
            Case("GET /v2/app/blobs/sha256:abc", 400, "DIGEST_INVALID"),
            Case("GET /v2/app/blobs/md5:d41d8cd98f00b204e9800998ecf8427e", 400, "DIGEST_INVALID"),
            Case("GET /v2/app/tags/list?n=-1", 400, "PAGINATION_NUMBER_INVALID"),
            Case("GET /v2/app/manifests/latest?ns=a/b", 400, "NAME_INVALID"),
            Case("GET /v2/app/manifests/latest?ns=a&ns=b", 400, "NAME_INVALID"),
            Case("GET /v2/localhost:99999/app/manifests/latest", 400, "NAME_INVALID"),
            Case("GET /v2/localhost:5000/app/manifests/latest?ns=docker.io", 400, "NAME_INVALID"),
            Case("GET \(manifests)none", 404, "MANIFEST_UNKNOWN"),
            Case("GET \(manifests)denied", 404, "MANIFEST_UNKNOWN"),
            Case("GET \(manifests)throttled", 503, "UNAVAILABLE", [("Retry-After", "1")]),
            Case("GET \(manifests)busy", 503, "UNAVAILABLE", [("Retry-After", "1")]),
            Case("GET \(manifests)odd", 404, "MANIFEST_UNKNOWN"),
            Case("GET \(manifests)latest", [("Accept", "application/json")], 404, "MANIFEST_UNKNOWN"),
            Case(
                "GET \(manifests)latest",
                [("Accept", "application/vnd.docker.distribution.manifest.v2+json"), ("Accept", "text/plain")], 404,
                "MANIFEST_UNKNOWN"),
            Case("GET /v2/app/blobs/\(absent)", 404, "BLOB_UNKNOWN"),
            Case("HEAD /v2/app/blobs/\(absent)", 404, "BLOB_UNKNOWN"),
            Case("GET /v2/app/blobs/\(absent)", [("If-None-Match", "\"\(absent)\"")], 404, "BLOB_UNKNOWN"),
            Case("GET \(blob)", [("Range", "bytes=1000-")], 416, "RANGE_INVALID", [("Content-Range", "bytes */1000")]),
            Case("GET \(blob)", [("Range", "bytes=-0")], 416, "RANGE_INVALID", [("Content-Range", "bytes */1000")]),
            Case("POST /v2/app/blobs/uploads/", 405, "UNSUPPORTED", [("Allow", "")]),
            Case("PUT \(manifests)latest", 405, "UNSUPPORTED", [("Allow", "GET, HEAD")]),
            Case("DELETE \(blob)", 405, "UNSUPPORTED", [("Allow", "GET, HEAD")]),
            Case("PATCH /v2/app/blobs/uploads/x", 405, "UNSUPPORTED"),
            Case(
                "GET /v2/app/referrers/\(StubMirror.manifestDigest)?last=\(String(repeating: "x", count: 1024))", 400,
                "UNSUPPORTED"),
            Case("OPTIONS /v2/", 405, "UNSUPPORTED", [("Allow", "GET, HEAD")]),
            Case("GET /v2/", [("Host", "evil.example")], 403, "DENIED"),
            Case("GET /v2/", [("Host", "192.168.1.2:5050")], 403, "DENIED"),
            Case("GET /v2/", [("Host", "localhost.evil.example")], 403, "DENIED"),
            Case("GET /v2/", [("Host", "evil.localhost")], 403, "DENIED"),
            Case("GET /v2/", [("Host", "127.0.0.1.evil.example")], 403, "DENIED"),
            Case("GET /v2/", [("Host", "127.0.0.1@evil")], 403, "DENIED"),
            Case("GET /v2/", [("Host", "")], 403, "DENIED"),
            Case("GET /v2/", [("Origin", "http://localhost:5050")], 403, "DENIED"),
            Case("GET /v2/", [("Origin", "null")], 403, "DENIED"),
            Case("GET /v2/", [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors")], 403, "DENIED"),
            Case("GET /v2/", [("Sec-Fetch-Site", "same-site")], 403, "DENIED"),
        ])
    func refused(test: Case) async {
        let response = await MirrorResponder(StubMirror()).respond(to: test.request)
        Self.check(test, response)
        #expect(response.headers.first(name: "Content-Type") == "application/json")
        guard case .bytes(let bytes) = response.body else {
            Issue.record("no body")
            return
        }
        #expect(String(decoding: bytes, as: UTF8.self).hasPrefix("{\"errors\":[{\"code\":\"\(test.body)\""))
    }

    @Test("Where a list of referrers goes on is said in the words of whoever linked it")
    func continuation() async {
        let stub = StubMirror()
        let request = Case(
            "GET /v2/app/referrers/\(StubMirror.manifestDigest)?ns=docker.io&next=a%20b&artifactType=text/plain&page=2",
            200, "")
        _ = await MirrorResponder(stub).respond(to: request.request)
        #expect(stub.questions == ["referrers docker.io/library/app text/plain next=a%20b&page=2"])
    }

    @Test("Other hosts may use any name where that is allowed, web pages still may not")
    func remote() async {
        let responder = MirrorResponder(StubMirror(), allowsRemote: true)
        let remote = Case("GET /v2/", [("Host", "mirror.lan:5050")], 200, "{}")
        Self.check(remote, await responder.respond(to: remote.request))
        let page = Case("GET /v2/", [("Host", "mirror.lan:5050"), ("Origin", "http://mirror.lan")], 403, "DENIED")
        Self.check(page, await responder.respond(to: page.request))
    }

    @Test(
        "HEAD has the head of GET, and opens no blob",
        arguments: [
            "/v2/", "\(manifests)latest", "\(manifests)none", blob, "/v2/app/blobs/\(absent)", "/v2/app/tags/list",
            "/v2/App/tags/list",
        ])
    func headIsGet(path: String) async {
        let backend = StubMirror()
        let responder = MirrorResponder(backend)
        var request = HTTPRequest(method: .HEAD, path: path, headers: ["Host": "localhost"])
        let date = HTTPDate(seconds: 0)
        let head = ResponseHead(await responder.respond(to: request), to: request, mayKeepAlive: true, date: date).head
        #expect(!backend.questions.contains { $0.hasPrefix("open") })
        request.method = .GET
        let get = ResponseHead(await responder.respond(to: request), to: request, mayKeepAlive: true, date: date).head
        #expect(head.status == get.status)
        #expect(Set(head.headers.map { "\($0): \($1)" }) == Set(get.headers.map { "\($0): \($1)" }))
        #expect(head.headers.contains(name: "Content-Length"))
    }

    @Test("HEAD of a blob ignores a range")
    func headRange() async {
        let test = Case("HEAD \(Self.blob)", [("Range", "bytes=0-1")], 200, "", [("Content-Length", "1000")])
        Self.check(test, await MirrorResponder(StubMirror()).respond(to: test.request))
    }

    @Test(
        "The registry is named by ns, by the path, by the listener, or not at all",
        arguments: [
            (
                "/v2/library/nginx/manifests/latest?ns=docker.io", MirrorAudience.runtimes,
                "docker.io/library/nginx namespace"
            ),
            ("/v2/nginx/manifests/latest?ns=docker.io", .runtimes, "docker.io/library/nginx namespace"),
            ("/v2/owner/app/manifests/latest?ns=ghcr.io", .runtimes, "ghcr.io/owner/app namespace"),
            ("/v2/owner/app/manifests/latest?ns=10.0.0.1%3A5000", .runtimes, "10.0.0.1:5000/owner/app namespace"),
            ("/v2/ghcr.io/owner/app/manifests/latest", .runtimes, "ghcr.io/owner/app path"),
            ("/v2/docker.io/nginx/manifests/latest", .runtimes, "docker.io/library/nginx path"),
            ("/v2/corp/app/manifests/latest", .runtimes, "corp/app path"),
            ("/v2/other/app/manifests/latest", .runtimes, "other/app local"),
            ("/v2/localhost/app/manifests/latest", .runtimes, "localhost/app local"),
            ("/v2/localhost:5000/app/manifests/latest", .runtimes, "localhost:5000/app path"),
            ("/v2/[::1]:5000/app/manifests/latest", .runtimes, "[::1]:5000/app path"),
            ("/v2/library/nginx/manifests/latest", .runtimes, "library/nginx local"),
            ("/v2/ghcr.io/manifests/latest", .runtimes, "ghcr.io local"),
            ("/v2/library/nginx/manifests/latest", .docker, "docker.io/library/nginx docker"),
            ("/v2/nginx/manifests/latest", .docker, "docker.io/library/nginx docker"),
            ("/v2/owner/app/manifests/latest", .docker, "docker.io/owner/app docker"),
            ("/v2/ghcr.io/owner/app/manifests/latest", .docker, "ghcr.io/owner/app path"),
            ("/v2/owner/app/manifests/latest?ns=quay.io", .docker, "quay.io/owner/app namespace"),
        ])
    func places(target: String, audience: MirrorAudience, expected: String) async {
        let backend = StubMirror()
        _ = await MirrorResponder(backend, audience: audience).respond(to: Case("GET \(target)", 200).request)
        #expect(backend.questions == ["manifest \(expected) latest GET"])
    }

    @Test("A range beyond the end closes the reader")
    func unsatisfiable() async throws {
        let backend = StubMirror()
        _ = await MirrorResponder(backend).respond(
            to: Case("GET \(Self.blob)", [("Range", "bytes=2000-")], 416).request)
        try await backend.closed.next()
    }

    @Test("A disk that is full before the first byte is passed by a stream of the range")
    func passThrough() async {
        let backend = StubMirror(openError: ContentError(.noSpace, "full"))
        let test = Case(
            "GET \(Self.blob)", [("Range", "bytes=10-19")], 206, "stream 10", [("Content-Range", "bytes 10-19/1000")])
        Self.check(test, await MirrorResponder(backend).respond(to: test.request))
        #expect(backend.questions.last == "pass 10..<20")
    }

    @Test("The backend's own word on a range that cannot be met is a 416")
    func backendUnsatisfiable() async {
        let backend = StubMirror(openError: MirrorFailure(.rangeUnsatisfiable(size: 7), "too short"))
        let test = Case(
            "GET \(Self.blob)", [("Range", "bytes=9-")], 416, "RANGE_INVALID", [("Content-Range", "bytes */7")])
        Self.check(test, await MirrorResponder(backend).respond(to: test.request))
    }

    @Test(
        "No answer of the server itself is one that a runtime takes for the upstream's",
        arguments: HTTPRefusal.Reason.allCases)
    func refusals(reason: HTTPRefusal.Reason) {
        let response = MirrorResponder(StubMirror()).refuse(HTTPRefusal(reason, "no"))
        #expect(![401, 407, 429].contains(response.status.code))
        #expect(response.status == (reason == .bodyUnavailable ? .notFound : reason.status))
        #expect((response.status == .serviceUnavailable) == response.headers.contains(name: "Retry-After"))
    }

    @Test("Every request is told to the observer with its subject and how it ended")
    func observed() async throws {
        let records = Signal<MirrorRecord>()
        let responder = MirrorResponder(
            backend: StubMirror(), audience: .runtimes, allowsRemote: false, isConfiguredUpstream: { _ in false },
            observe: { records.send($0) })
        let counters = RequestCounters()
        try await withServer(responder) { address in
            try await withClient(address) { client async throws in
                let blob = try await client.get("\(Self.blob)?ns=docker.io")
                #expect(blob.body == pattern(0..<1000))
                let none = try await client.get("\(Self.manifests)none?ns=docker.io")
                #expect(none.status == 404)
            }
            let blob = try await records.next()
            #expect(blob.outcome.bytes == 1000)
            guard case .blob(StubMirror.blobDigest, .registry(let origin)) = blob.subject else {
                Issue.record("the subject is \(blob.subject)")
                return
            }
            #expect("\(origin)" == "docker.io/library/app")
            counters.count(blob)
            counters.count(try await records.next())
        }
        #expect(
            counters.snapshot == [.init(route: .blob, result: .ok): 1, .init(route: .manifest, result: .absent): 1])
    }
}
