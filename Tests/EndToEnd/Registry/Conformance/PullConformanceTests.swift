import FoundationEssentials
import Testing

extension EndToEnd {
    /// What the OCI distribution specification 1.1 asks of a registry that images are pulled from, on the local namespace. A test's name quotes the
    /// section and the end point.
    @Suite(.serialized, .needs(.root, .sandbox, .agent))
    struct PullConformanceTests {
        private func withRepository(_ body: (Repository) async throws -> Void) async throws {
            try await LAN.with { lan in try await body(Repository(try await lan.node())) }
        }

        @Test("API, Determining Support, end-1: GET /v2/ is 200")
        func support() async throws {
            try await withRepository { repository in
                let answer = try await repository.get("/v2/")
                #expect(answer.status == 200)
            }
        }

        @Test("Pulling manifests, end-3: 200 and the expected manifest, by tag and by digest, with its type and digest")
        func manifest() async throws {
            try await withRepository { repository in
                let text = try await repository.manifest(layer: "layer")
                let digest = Repository.digest(text)
                _ = try await repository.send("PUT", "manifests/v1", text, type: Repository.manifestType)
                for reference in ["v1", digest] {
                    let answer = try await repository.get(
                        "manifests/\(reference)", headers: ["Accept: \(Repository.manifestType)"])
                    #expect(answer.status == 200)
                    #expect(answer.text == text)
                    #expect(answer.headers["content-type"] == Repository.manifestType)
                    #expect(answer.headers["docker-content-digest"] == digest)
                }
            }
        }

        @Test(
            "Pulling manifests, end-3; Pushing manifests: a manifest that is not in the repository, and any of a repository that does not exist, is 404"
        )
        func noManifest() async throws {
            try await withRepository { repository in
                try await repository.push(manifest: "layer", as: "v1")
                for name in ["team/app", "nobody/here"] {
                    for reference in ["other", Repository.digest("other")] {
                        for method in ["GET", "HEAD"] {
                            let answer = try await repository.send(method, "/v2/\(name)/manifests/\(reference)")
                            #expect(answer.status == 404)
                            if method == "GET" { #expect(answer.code == "MANIFEST_UNKNOWN") }
                        }
                    }
                }
            }
        }

        @Test("Pulling blobs, end-2: 200 and the expected blob, and the digest in the header is that of the body")
        func blob() async throws {
            try await withRepository { repository in
                let digest = try await repository.push("a blob")
                let answer = try await repository.get("blobs/\(digest)")
                #expect(answer.status == 200)
                #expect(answer.text == "a blob")
                #expect(answer.headers["docker-content-digest"] == digest)
            }
        }

        @Test("Pulling blobs, end-2: a blob that is not there is 404")
        func noBlob() async throws {
            try await withRepository { repository in
                let answer = try await repository.get("blobs/\(Repository.digest("nothing"))")
                #expect(answer.status == 404)
                #expect(answer.code == "BLOB_UNKNOWN")
            }
        }

        @Test("Pulling blobs: Range as in RFC 9110 §14.2: 206 with its part, 416 past the end")
        func range() async throws {
            try await withRepository { repository in
                let digest = try await repository.push("0123456789")
                let part = try await repository.get("blobs/\(digest)", headers: ["Range: bytes=2-4"])
                #expect(part.status == 206)
                #expect(part.text == "234")
                #expect(part.headers["content-range"] == "bytes 2-4/10")
                #expect(try await repository.get("blobs/\(digest)", headers: ["Range: bytes=-3"]).text == "789")
                let past = try await repository.get("blobs/\(digest)", headers: ["Range: bytes=10-"])
                #expect(past.status == 416)
                #expect(past.headers["content-range"] == "bytes */10")
            }
        }

        @Test("Checking if content exists, end-2 and end-3: HEAD is 200 with digest and size, or 404")
        func head() async throws {
            try await withRepository { repository in
                let blob = try await repository.push("a blob")
                let text = try await repository.manifest(layer: "layer")
                _ = try await repository.send("PUT", "manifests/v1", text, type: Repository.manifestType)
                let digest = Repository.digest(text)
                for (path, expected, size) in [
                    ("blobs/\(blob)", blob, 6), ("manifests/v1", digest, text.utf8.count),
                    ("manifests/\(digest)", digest, text.utf8.count),
                ] {
                    let answer = try await repository.send("HEAD", path)
                    #expect(answer.status == 200)
                    #expect(answer.headers["docker-content-digest"] == expected)
                    #expect(answer.headers["content-length"] == "\(size)")
                }
                for path in ["blobs/\(Repository.digest("x"))", "manifests/x", "manifests/\(Repository.digest("x"))"] {
                    #expect(try await repository.send("HEAD", path).status == 404)
                }
            }
        }

        @Test("Errors: a 4xx has JSON with a code of capitals and underscores, and a message")
        func errors() async throws {
            try await withRepository { repository in
                for path in ["manifests/none", "blobs/sha256:1", "manifests/sha256:1", "tags/list", "nothing/of/this"] {
                    let answer = try await repository.get(path)
                    #expect((400..<500).contains(answer.status))
                    #expect(answer.headers["content-type"] == "application/json")
                    let code = try #require(answer.code)
                    #expect(code.allSatisfy { $0 == "_" || $0.isUppercase })
                }
            }
        }

        @Test(
            "Pulling manifests: names and tags outside the grammar are refused wherever they stand, and nothing is made of them",
            arguments: [
                ("App", "NAME_INVALID"), ("team/-app", "NAME_INVALID"), ("team//app", "NAME_INVALID"),
                ("..", "NAME_INVALID"), ("team/../../etc", "NAME_INVALID"), ("%2e%2e/%2e%2e", "NAME_INVALID"),
                ("team%2f..%2f..", "NAME_INVALID"), ("team%00", "NAME_INVALID"),
                (String(repeating: "a", count: 300), "NAME_INVALID"), ("te%C3%A4m", "NAME_INVALID"),
            ])
        func names(name: String, code: String) async throws {
            try await withRepository { repository in
                let before = try files(of: repository.node)
                for (method, path) in [
                    ("GET", "manifests/v1"), ("PUT", "manifests/v1"), ("POST", "blobs/uploads/"), ("GET", "tags/list"),
                    ("DELETE", "manifests/v1"), ("GET", "referrers/\(Repository.digest("x"))"),
                    ("POST", "blobs/uploads/?mount=\(Repository.digest("x"))&from=a"),
                ] {
                    let body: [UInt8]? = method == "PUT" || method == "POST" ? Array("{}".utf8) : nil
                    let answer = try await repository.send(
                        method, "/v2/\(name)/\(path)", body, type: Repository.manifestType)
                    #expect(answer.status == 400, "\(method) \(path)")
                    #expect(answer.code == code, "\(method) \(path)")
                }
                #expect(try files(of: repository.node) == before)
            }
        }

        @Test(
            "Pulling manifests: tags, digests and uploads outside the grammar are refused",
            arguments: [
                "manifests/-v1", "manifests/.", "manifests/..", "manifests/%2e%2e%2fetc", "manifests/a%20b",
                "manifests/" + String(repeating: "t", count: 129), "manifests/sha256:zz", "manifests/md5:00",
                "manifests/sha256:..%2f..", "blobs/..", "blobs/sha256:%2e%2e", "blobs/uploads/..",
                "blobs/uploads/..%2f..%2fnames.json", "referrers/..",
            ])
        func references(path: String) async throws {
            try await withRepository { repository in
                let before = try files(of: repository.node)
                for method in ["GET", "PUT", "DELETE"] {
                    let body: [UInt8]? = method == "PUT" ? Array("{}".utf8) : nil
                    let answer = try await repository.send(method, path, body, type: Repository.manifestType)
                    #expect((400..<500).contains(answer.status), "\(method) \(path)")
                    #expect(answer.code != nil, "\(method) \(path)")
                }
                #expect(try files(of: repository.node) == before)
            }
        }

        /// Every file and folder of the agent's data.
        private func files(of node: Node) throws -> Set<String> {
            Set(try FileManager.default.subpathsOfDirectory(atPath: node.dataDirectory))
        }
    }
}
