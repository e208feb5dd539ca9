import Testing

extension EndToEnd {
    /// What the mirror says to a request, good or bad, with a real registry behind it: exact status and code.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry")))
    struct AnswerTests {
        private struct Question {
            var path: String
            var options: [String] = []
            var status: Int
            var code: String?

            init(_ path: String, _ options: String..., status: Int, code: String? = nil) {
                (self.path, self.options, self.status, self.code) = (path, options, status, code)
            }
        }

        @Test("requests are answered with the statuses and codes of the specifications")
        func answers() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let blob = try image.largestBlob
                _ = try await lan.registry()
                let node = try await lan.node()
                let unknown = "sha256:" + String(repeating: "0", count: 64)
                let layer = "debian/small/blobs/\(blob.digest)"
                let manifest = "debian/small/manifests"
                let questions = [
                    Question("", status: 200),
                    Question(layer, status: 200),
                    Question(layer, "--head", status: 200),
                    Question(layer, "--range", "0-9", status: 206),
                    Question(layer, "--range", "-9", status: 206),
                    Question(layer, "--range", "9-", status: 206),
                    Question(layer, "--header", "Range: bytes=0-1,8-9", status: 200),
                    Question(layer, "--header", "Range: pages=0-9", status: 200),
                    Question(layer, "--range", "\(blob.size)-", status: 416, code: "RANGE_INVALID"),
                    Question(layer, "--request", "DELETE", status: 405, code: "UNSUPPORTED"),
                    Question("debian/small/blobs/\(unknown)", status: 404, code: "BLOB_UNKNOWN"),
                    Question("debian/small/blobs/sha256:short", status: 400, code: "DIGEST_INVALID"),
                    Question("debian/small/blobs/md5:\(unknown.dropFirst(7))", status: 400, code: "DIGEST_INVALID"),
                    Question("debian/small/blobs/..%2f..%2fetc%2fpasswd", status: 400),
                    Question("\(manifest)/1", status: 200),
                    Question("\(manifest)/\(image.digest)", status: 200),
                    Question("\(manifest)/none", status: 404, code: "MANIFEST_UNKNOWN"),
                    Question("\(manifest)/\(unknown)", status: 404, code: "MANIFEST_UNKNOWN"),
                    Question("\(manifest)/-1", status: 400),
                    Question("\(manifest)/1", "--request", "DELETE", status: 405, code: "UNSUPPORTED"),
                    Question("Debian/small/manifests/1", status: 400, code: "NAME_INVALID"),
                    Question("debian/none/manifests/1", status: 404, code: "MANIFEST_UNKNOWN"),
                    Question("debian/small/tags/list", status: 200),
                ]
                for question in questions {
                    let answer = try await node.mirror(
                        question.path, question.options + ["--path-as-is", "--header", "Accept: */*"])
                    let what = Comment(rawValue: "\(question.path) \(question.options): \(answer.text.prefix(200))")
                    #expect(answer.status == question.status, what)
                    if let code = question.code { #expect(answer.text.contains("\"\(code)\""), what) }
                }
            }
        }

        @Test("what changes the agent, or has images leave it, is asked over its socket and no other way")
        func administration() async throws {
            try await LAN.with { lan in
                let node = try await lan.node()
                try await node.pushArtifact("stays", as: "team/app", "v1")
                let name = "localhost:5050/team/app:v1"
                let changes = [
                    "remove?image=\(name)", "tag?source=\(name)&target=localhost:5050/team/app:v2", "pin?image=\(name)",
                    "collect?grace=0", "verify", "pull?image=\(name)", "load",
                ]
                let requests = changes.map { ("POST", $0) } + [("GET", "save?image=\(name)")]
                for (method, path) in requests {
                    let answer = try await node.get("http://127.0.0.1:5052/api/v1/\(path)", ["--request", method])
                    #expect(answer.status == 403, "\(method) \(path): \(answer.text)")
                    #expect(answer.text.contains("socket"), "\(method) \(path): \(answer.text)")
                }
                let images = try await node.shoal("images").text
                #expect(images.contains(name) && !images.contains("team/app:v2"))
                // The very same over the socket.
                let socket = ["--unix-socket", "\(node.folder)/shoal.sock", "--request", "POST"]
                #expect(try await node.get("http://localhost/api/v1/\(changes[0])", socket).status == 200)
                #expect(try await !node.shoal("images").text.contains(name))
            }
        }

        @Test(
            "what is pushed towards a registry's name is refused, in whatever form, and the registry never hears of it",
            arguments: ["registry.test", nil])
        func pushes(namespace: String?) async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let registry = try await lan.registry()
                let node = try await lan.node()
                let repository = namespace == nil ? "registry.test/debian/small" : "debian/small"
                let upload = "\(repository)/blobs/uploads/00112233-4455-6677-8899-aabbccddeeff"
                let requests = [
                    ("PUT", "\(repository)/manifests/1"), ("PUT", "\(repository)/manifests/\(image.digest)"),
                    ("DELETE", "\(repository)/manifests/1"),
                    ("DELETE", "\(repository)/blobs/\(try image.largestBlob.digest)"),
                    ("POST", "\(repository)/blobs/uploads/"), ("GET", upload), ("PATCH", upload), ("PUT", upload),
                    ("DELETE", upload),
                ]
                for (method, path) in requests {
                    let body = method == "GET" || method == "DELETE" ? [] : ["--data-binary", "{}"]
                    let answer = try await node.mirror(path, ["--request", method] + body, namespace: namespace)
                    let what = Comment(rawValue: "\(method) \(path): \(answer.status) \(answer.text.prefix(200))")
                    #expect(answer.status == 405, what)
                    #expect(answer.code == "UNSUPPORTED", what)
                    #expect(answer.text.contains("belongs to a registry"), what)
                }
                #expect(try registry.requests(for: "debian/small").isEmpty)
                let read = try await node.mirror(
                    "\(repository)/manifests/1", ["--header", "Accept: */*"], namespace: namespace)
                #expect(read.status == 200)
            }
        }

        @Test("a blob and its ranges carry the headers that clients go by")
        func headers() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let blob = try image.largestBlob
                _ = try await lan.registry()
                let node = try await lan.node()
                let whole = try await node.mirror("debian/small/blobs/\(blob.digest)")
                #expect(whole.headers["content-length"] == "\(blob.size)")
                #expect(whole.headers["docker-content-digest"] == blob.digest)
                #expect(whole.headers["accept-ranges"] == "bytes")
                #expect(whole.headers["etag"]?.contains(blob.digest) == true)
                let part = try await node.mirror("debian/small/blobs/\(blob.digest)", ["--range", "10-19"])
                #expect(part.headers["content-range"] == "bytes 10-19/\(blob.size)")
                #expect(part.body == Array(whole.body[10..<20]))
                let past = try await node.mirror("debian/small/blobs/\(blob.digest)", ["--range", "\(blob.size)-"])
                #expect(past.headers["content-range"] == "bytes */\(blob.size)")
                let manifest = try await node.mirror("debian/small/manifests/1", ["--header", "Accept: */*"])
                #expect(manifest.headers["content-type"] == "application/vnd.oci.image.manifest.v1+json")
                #expect(manifest.headers["docker-content-digest"] == image.digest)
                #expect(manifest.headers["etag"]?.contains(image.digest) == true)
            }
        }

        @Test("HEAD of a blob that is nowhere near downloads nothing")
        func head() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.demo)
                let blob = try image.largestBlob
                _ = try await lan.registry()
                let node = try await lan.node()
                let answer = try await node.mirror("debian/demo/blobs/\(blob.digest)", ["--head"])
                #expect(answer.status == 200)
                #expect(answer.headers["content-length"] == "\(blob.size)")
                #expect(try await node.status().bytes.upstream == 0)
            }
        }
    }
}
