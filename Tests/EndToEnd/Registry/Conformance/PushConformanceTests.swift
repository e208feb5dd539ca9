import Integrity
import OCI
import Testing

extension EndToEnd {
    /// What the OCI distribution specification 1.1 asks of a registry that blobs are pushed to. A test's name quotes the section and the end point.
    @Suite(.serialized, .needs(.root, .sandbox, .agent))
    struct PushConformanceTests {
        private func withRepository(_ body: (Repository) async throws -> Void) async throws {
            try await LAN.with { lan in try await body(Repository(try await lan.node())) }
        }

        /// Whether a location is a pullable blob URL.
        private func pullable(_ answer: HTTPAnswer, _ text: String, _ repository: Repository) async throws -> Bool {
            try await repository.get(try #require(answer.headers["location"])).text == text
        }

        // MARK: Monolithically

        @Test("POST then PUT, end-4a and end-6: 202 with a Location that has a UUID, then 201 with a pullable Location")
        func postThenPut() async throws {
            try await withRepository { repository in
                let begun = try await repository.send("POST", "blobs/uploads/", [])
                #expect(begun.status == 202)
                let location = try #require(begun.headers["location"])
                let uuid = #/[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}/#
                #expect(location.contains(uuid))
                let digest = Repository.digest("monolith")
                let done = try await repository.send("PUT", "\(location)?digest=\(digest)", "monolith")
                #expect(done.status == 201)
                #expect(try await pullable(done, "monolith", repository))
                #expect(try await repository.get(location).code == "BLOB_UPLOAD_UNKNOWN")
            }
        }

        @Test("Single POST, end-4b: 201 with a pullable Location")
        func singlePost() async throws {
            try await withRepository { repository in
                let digest = Repository.digest("all at once")
                let done = try await repository.send("POST", "blobs/uploads/?digest=\(digest)", "all at once")
                #expect(done.status == 201)
                #expect(try await pullable(done, "all at once", repository))
            }
        }

        @Test("Single POST and POST then PUT: an empty blob is a blob")
        func emptyBlob() async throws {
            try await withRepository { repository in
                let digest = Repository.digest("")
                let location = try await repository.beginUpload()
                #expect(try await repository.send("PUT", "\(location)?digest=\(digest)", []).status == 201)
                #expect(try await repository.send("HEAD", "blobs/\(digest)").headers["content-length"] == "0")
            }
        }

        @Test(
            "Single POST: the digest must match the blob's: else DIGEST_INVALID, and nothing of it is there",
            arguments: ["sha256:" + String(repeating: "0", count: 64), "sha256:123", "nonsense", ""])
        func wrongDigest(claimed: String) async throws {
            try await withRepository { repository in
                let location = try await repository.beginUpload()
                let put = try await repository.send("PUT", "\(location)?digest=\(claimed)", "something")
                #expect(put.status == 400)
                #expect(put.code == "DIGEST_INVALID")
                if !claimed.isEmpty {
                    let post = try await repository.send("POST", "blobs/uploads/?digest=\(claimed)", "something")
                    #expect(post.status == 400)
                    #expect(post.code == "DIGEST_INVALID")
                }
                for digest in [Repository.digest("something"), "sha256:" + String(repeating: "0", count: 64)] {
                    #expect(try await repository.send("HEAD", "blobs/\(digest)").status == 404)
                }
            }
        }

        @Test("Pushing blobs: a blob is pushed and pulled by a sha512 digest, and a manifest that names it so too")
        func sha512() async throws {
            try await withRepository { repository in
                let digest = ContentHasher.digest(of: Array("long".utf8), algorithm: .sha512).description
                let location = try await repository.beginUpload()
                #expect(try await repository.send("PUT", "\(location)?digest=\(digest)", "long").status == 201)
                let answer = try await repository.get("blobs/\(digest)")
                #expect(answer.text == "long")
                #expect(answer.headers["docker-content-digest"] == digest)
                let config = try await repository.push("{}")
                let manifest = """
                    {"schemaVersion":2,"mediaType":"\(Repository.manifestType)",\
                    "config":{"mediaType":"application/vnd.test.config","digest":"\(config)","size":2},\
                    "layers":[{"mediaType":"text/plain","digest":"\(digest)","size":4}]}
                    """
                let own = ContentHasher.digest(of: Array(manifest.utf8), algorithm: .sha512).description
                let pushed = try await repository.send(
                    "PUT", "manifests/\(own)", manifest, type: Repository.manifestType)
                #expect(pushed.status == 201)
                #expect(pushed.headers["docker-content-digest"] == own)
                let pulled = try await repository.get("manifests/\(own)")
                #expect(pulled.text == manifest)
                #expect(pulled.headers["docker-content-digest"] == own)
            }
        }

        // MARK: In chunks

        @Test(
            "Pushing a blob in chunks, end-5: each is 202 with Location and Range, the closing PUT 201, with the last chunk or without",
            arguments: [true, false])
        func chunks(inPut: Bool) async throws {
            try await withRepository { repository in
                var location = try await repository.beginUpload()
                let chunks = ["first,", "second,", "third"]
                var offset = 0
                for chunk in inPut ? chunks.dropLast() : chunks[...] {
                    let end = offset + chunk.utf8.count - 1
                    let answer = try await repository.send(
                        "PATCH", location, chunk, headers: ["Content-Range: \(offset)-\(end)"])
                    #expect(answer.status == 202)
                    #expect(answer.headers["range"] == "0-\(end)")
                    location = try #require(answer.headers["location"])
                    offset = end + 1
                }
                let whole = chunks.joined()
                let last = inPut ? Array(chunks[2].utf8) : []
                let headers = inPut ? ["Content-Range: \(offset)-\(whole.utf8.count - 1)"] : []
                let done = try await repository.send(
                    "PUT", "\(location)?digest=\(Repository.digest(whole))", last, headers: headers)
                #expect(done.status == 201)
                #expect(try await pullable(done, whole, repository))
            }
        }

        @Test(
            "Pushing a blob in chunks, end-5 and end-13: out of order is 416; GET is 204 with Location and Range; from there it goes on"
        )
        func outOfOrder() async throws {
            try await withRepository { repository in
                let location = try await repository.beginUpload()
                let first = try await repository.send("PATCH", location, "01234", headers: ["Content-Range: 5-9"])
                #expect(first.status == 416)
                _ = try await repository.send("PATCH", location, "01234", headers: ["Content-Range: 0-4"])
                for range in ["0-4", "3-7", "6-10"] {
                    let answer = try await repository.send(
                        "PATCH", location, "xxxxx", headers: ["Content-Range: \(range)"])
                    #expect(answer.status == 416)
                }
                let status = try await repository.get(location)
                #expect(status.status == 204)
                #expect(status.headers["range"] == "0-4")
                let next = try #require(status.headers["location"])
                let digest = Repository.digest("0123456789")
                let out = try await repository.send(
                    "PUT", "\(next)?digest=\(digest)", "xx", headers: ["Content-Range: 6-7"])
                #expect(out.status == 416)
                let done = try await repository.send(
                    "PUT", "\(next)?digest=\(digest)", "56789", headers: ["Content-Range: 5-9"])
                #expect(done.status == 201)
                #expect(try await repository.get("blobs/\(digest)").text == "0123456789")
            }
        }

        @Test(
            "Pushing a blob in chunks: a Content-Range of another form than <start>-<end>, or that is not as long as its chunk, is 400",
            arguments: ["0", "4-0", "a-b", "-5", "0-", "0-99", "0-4,5-9", "0-99999999999999999999"])
        func badRange(range: String) async throws {
            try await withRepository { repository in
                let location = try await repository.beginUpload()
                let answer = try await repository.send("PATCH", location, "01234", headers: ["Content-Range: \(range)"])
                #expect(answer.status == 400)
                #expect(answer.code == "BLOB_UPLOAD_INVALID" || answer.code == "SIZE_INVALID")
                let digest = Repository.digest("01234")
                #expect(try await repository.send("PUT", "\(location)?digest=\(digest)", "01234").status == 201)
            }
        }

        @Test("Pushing a blob in chunks: as clients stream it, without Content-Range and of unknown length")
        func streamed() async throws {
            try await withRepository { repository in
                let location = try await repository.beginUpload()
                let sent = try await repository.send(
                    "PATCH", location, "stream", headers: ["Transfer-Encoding: chunked"])
                #expect(sent.status == 202)
                #expect(sent.headers["range"] == "0-5")
                let digest = Repository.digest("stream")
                #expect(try await repository.send("PUT", "\(location)?digest=\(digest)", []).status == 201)
                #expect(try await repository.get("blobs/\(digest)").text == "stream")
            }
        }

        @Test("Endpoints: an upload that nobody began, or of another repository, or cancelled by DELETE, is 404")
        func unknownUploads() async throws {
            try await withRepository { repository in
                let location = try await repository.beginUpload()
                let elsewhere = location.replacing("/team/app/", with: "/team/other/")
                let cancelled = try await repository.beginUpload()
                #expect(try await repository.send("DELETE", cancelled).status == 204)
                let made = "/v2/team/app/blobs/uploads/00000000-0000-4000-8000-000000000000"
                for path in [elsewhere, cancelled, made, "/v2/team/app/blobs/uploads/names.json"] {
                    let digest = Repository.digest("x")
                    for (method, path) in [
                        ("GET", path), ("PATCH", path), ("PUT", "\(path)?digest=\(digest)"), ("DELETE", path),
                    ] {
                        let body: [UInt8]? = method == "PATCH" || method == "PUT" ? Array("x".utf8) : nil
                        let answer = try await repository.send(method, path, body)
                        #expect(answer.status == 404, "\(method) \(path)")
                        #expect(answer.code == "BLOB_UPLOAD_UNKNOWN", "\(method) \(path)")
                    }
                }
                #expect(try await repository.get(location).status == 204)
            }
        }

        // MARK: Mounts

        @Test(
            "Mounting a blob, end-11: 201 with a Location that pulls it, with `from` and without; 202 and a session where it is not there"
        )
        func mount() async throws {
            try await withRepository { repository in
                let digest = try await repository.push("shared")
                for (name, from) in [("one/two", "&from=team/app"), ("three", "")] {
                    let other = Repository(repository.node, name)
                    let answer = try await other.send("POST", "blobs/uploads/?mount=\(digest)\(from)", [])
                    #expect(answer.status == 201)
                    #expect(try await pullable(answer, "shared", other))
                    #expect(answer.headers["docker-content-digest"] == digest)
                }
                let absent = try await repository.send(
                    "POST", "blobs/uploads/?mount=\(Repository.digest("absent"))&from=other", [])
                #expect(absent.status == 202)
                let location = try #require(absent.headers["location"])
                let done = try await repository.send(
                    "PUT", "\(location)?digest=\(Repository.digest("absent"))", "absent")
                #expect(done.status == 201)
            }
        }
    }
}
