import Testing

extension EndToEnd {
    /// What the OCI distribution specification 1.1 asks of a registry that manifests are pushed to. A test's name quotes the section and the end
    /// point.
    @Suite(.serialized, .needs(.root, .sandbox, .agent))
    struct ManifestConformanceTests {
        private func withRepository(_ body: (Repository) async throws -> Void) async throws {
            try await LAN.with { lan in try await body(Repository(try await lan.node())) }
        }

        private func put(
            _ text: String, as reference: String, type: String = Repository.manifestType, _ repository: Repository
        ) async throws -> HTTPAnswer {
            try await repository.send("PUT", "manifests/\(reference)", text, type: type)
        }

        @Test(
            "Pushing manifests, end-7: 201 with a pullable Location and the digest, and kept in the exact byte representation that was sent"
        )
        func exactBytes() async throws {
            try await withRepository { repository in
                let text = "\n  " + (try await repository.manifest(layer: "layer")) + " \t\r\n"
                let digest = Repository.digest(text)
                for reference in ["v1", digest] {
                    let answer = try await put(text, as: reference, repository)
                    #expect(answer.status == 201)
                    #expect(answer.headers["docker-content-digest"] == digest)
                    #expect(try await repository.get(try #require(answer.headers["location"])).text == text)
                }
            }
        }

        @Test("Pushing manifests: the digest must be that of the manifest: else DIGEST_INVALID, and nothing is there")
        func wrongDigest() async throws {
            try await withRepository { repository in
                let text = try await repository.manifest(layer: "layer")
                let claimed = Repository.digest("another")
                let answer = try await put(text, as: claimed, repository)
                #expect(answer.status == 400)
                #expect(answer.code == "DIGEST_INVALID")
                for digest in [claimed, Repository.digest(text)] {
                    #expect(try await repository.get("manifests/\(digest)").status == 404)
                }
            }
        }

        @Test("Pushing manifests: parameters of Content-Type are ignored, and the list of blobs may be empty")
        func parameters() async throws {
            try await withRepository { repository in
                let text = try await repository.manifest(layer: nil)
                let answer = try await put(
                    text, as: "v1", type: Repository.manifestType + "; charset=utf-8", repository)
                #expect(answer.status == 201)
                let pulled = try await repository.get("manifests/v1")
                #expect(pulled.headers["content-type"] == Repository.manifestType)
            }
        }

        @Test(
            "Pushing manifests: an index, an index of indexes and a type of another maker's come back as what they were"
        )
        func types() async throws {
            try await withRepository { repository in
                var (digest, type) = (try await repository.push(manifest: "layer", as: nil), Repository.manifestType)
                for depth in 0..<2 {
                    let size = try await repository.get("manifests/\(digest)").body.count
                    let index = """
                        {"schemaVersion":2,"mediaType":"\(Repository.indexType)",\
                        "manifests":[{"mediaType":"\(type)","digest":"\(digest)","size":\(size)}]}
                        """
                    #expect(
                        try await put(index, as: "index\(depth)", type: Repository.indexType, repository).status == 201)
                    (digest, type) = (Repository.digest(index), Repository.indexType)
                    let pulled = try await repository.get("manifests/index\(depth)")
                    #expect(pulled.headers["content-type"] == type)
                    #expect(pulled.text == index)
                }
                let foreign = #"{"anything":["goes"]}"#
                #expect(
                    try await put(foreign, as: "foreign", type: "application/vnd.test+json", repository).status == 201)
                let pulled = try await repository.get("manifests/foreign")
                #expect(pulled.headers["content-type"] == "application/vnd.test+json")
                #expect(pulled.text == foreign)
            }
        }

        @Test(
            "Push: a manifest that names blobs or manifests that are not there is MANIFEST_BLOB_UNKNOWN, and it is not there either",
            arguments: [false, true])
        func missingBlobs(isIndex: Bool) async throws {
            try await withRepository { repository in
                let absent = Repository.digest("absent")
                let text: String
                if isIndex {
                    text = """
                        {"schemaVersion":2,"mediaType":"\(Repository.indexType)",\
                        "manifests":[{"mediaType":"\(Repository.manifestType)","digest":"\(absent)","size":6}]}
                        """
                } else {
                    text = try await repository.manifest(layer: nil).replacing(
                        #""layers":["#,
                        with: #""layers":[{"mediaType":"text/plain","digest":"\#(absent)","size":6}"#)
                }
                let answer = try await put(
                    text, as: "v1", type: isIndex ? Repository.indexType : Repository.manifestType, repository)
                #expect(answer.code == "MANIFEST_BLOB_UNKNOWN")
                #expect((400..<500).contains(answer.status))
                #expect(answer.text.contains(absent))
                for reference in ["v1", Repository.digest(text)] {
                    #expect(try await repository.get("manifests/\(reference)").status == 404)
                }
            }
        }

        @Test(
            "Pushing manifests: what is no manifest, or contradicts its type, is MANIFEST_INVALID",
            arguments: [
                "", "{", "[]", "null", #"{"schemaVersion":1}"#, #"{"schemaVersion":2}"#,
                #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#,
                #"{"schemaVersion":2,"config":{},"layers":[]}"#,
            ])
        func invalid(text: String) async throws {
            try await withRepository { repository in
                let answer = try await put(text, as: "v1", repository)
                #expect(answer.status == 400)
                #expect(answer.code == "MANIFEST_INVALID")
                #expect(try await repository.get("manifests/v1").status == 404)
            }
        }

        @Test("Pushing manifests: 4 MiB are taken, one byte more is 413")
        func size() async throws {
            try await withRepository { repository in
                let text = try await repository.manifest(layer: "layer")
                let limit = 4 << 20
                let largest = text + String(repeating: " ", count: limit - text.utf8.count)
                #expect(try await put(largest, as: "largest", repository).status == 201)
                #expect(try await repository.get("manifests/largest").body.count == limit)
                let answer = try await put(largest + " ", as: "larger", repository)
                #expect(answer.status == 413)
                #expect(answer.code == "SIZE_INVALID")
                #expect(try await repository.get("manifests/larger").status == 404)
            }
        }

        @Test(
            "Push, and Pushing manifests with subject: taken before its subject is there, in either order, and answered with OCI-Subject"
        )
        func subject() async throws {
            try await withRepository { repository in
                let image = try await repository.manifest(layer: "image")
                let digest = Repository.digest(image)
                for (name, isThere) in [("before", false), ("after", true)] {
                    let text = try await repository.manifest(layer: name, subject: digest)
                    let answer = try await put(text, as: Repository.digest(text), repository)
                    #expect(answer.status == 201)
                    #expect(answer.headers["oci-subject"] == digest)
                    if !isThere { _ = try await put(image, as: "v1", repository) }
                }
                let list = try await repository.get("referrers/\(digest)").text
                #expect(list.split(separator: #""digest""#).count == 3)
            }
        }
    }
}
