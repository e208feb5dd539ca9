import Testing

extension EndToEnd {
    /// What the OCI distribution specification 1.1 asks under "Content Discovery". A test's name quotes the section and the end point.
    @Suite(.serialized, .needs(.root, .sandbox, .agent))
    struct ListConformanceTests {
        private struct Tags: Decodable {
            let name: String
            let tags: [String]
        }

        private struct Index: Decodable {
            struct Entry: Decodable {
                let mediaType: String
                let digest: String
                let size: Int
                let artifactType: String?
                let annotations: [String: String]?
            }
            let schemaVersion: Int
            let mediaType: String
            let manifests: [Entry]
        }

        private func tags(_ answer: HTTPAnswer) throws -> [String] {
            try #require(answer.status == 200)
            return try JSON.decode(Tags.self, answer.text).tags
        }

        /// The target of `rel="next"`.
        private func next(_ answer: HTTPAnswer) throws -> String? {
            guard let link = answer.headers["link"] else { return nil }
            let match = try #require(link.wholeMatch(of: #/<([^>]*)>; rel="next"/#))
            return String(match.1)
        }

        @Test("Listing tags, end-8a and end-8b: in lexical order whatever the case, by n, by last, by Link")
        func listing() async throws {
            try await LAN.with { lan in
                let repository = Repository(try await lan.node())
                for tag in ["b", "A", "c", "B1", "1.0"] { try await repository.push(manifest: "layer", as: tag) }
                let all = ["1.0", "A", "b", "B1", "c"]
                let answer = try await repository.get("tags/list")
                #expect(try tags(answer) == all)
                #expect(try JSON.decode(Tags.self, answer.text).name == "team/app")
                #expect(answer.headers["link"] == nil)
                let none = try await repository.get("tags/list?n=0")
                #expect(try tags(none) == [])
                #expect(none.headers["link"] == nil, "when n is zero there must be no Link")
                #expect(try tags(await repository.get("tags/list?n=2")) == ["1.0", "A"])
                #expect(try tags(await repository.get("tags/list?n=99")) == all)
                #expect(try tags(await repository.get("tags/list?n=2&last=b")) == ["B1", "c"])
                #expect(try tags(await repository.get("tags/list?last=b")) == ["B1", "c"])
                #expect(try tags(await repository.get("tags/list?last=B")) == ["b", "B1", "c"])
                #expect(try tags(await repository.get("tags/list?last=zzz")) == [])
                var (walked, path): ([String], String?) = ([], "tags/list?n=2")
                while let page = path {
                    let answer = try await repository.get(page)
                    walked += try tags(answer)
                    path = try next(answer)
                    try #require(walked.count <= all.count)
                }
                #expect(walked == all)
            }
        }

        @Test(
            "Listing tags: a repository that is not known is 404; n and last that are none are 400; one without tags is an empty list"
        )
        func listingErrors() async throws {
            try await LAN.with { lan in
                let repository = Repository(try await lan.node())
                let unknown = try await repository.get("tags/list")
                #expect(unknown.status == 404)
                #expect(unknown.code == "NAME_UNKNOWN")
                try await repository.push(manifest: "layer", as: nil)
                #expect(try tags(await repository.get("tags/list")) == [])
                for query in ["n=-1", "n=x", "last=-x", "last=%2e%2e%2f"] {
                    #expect(try await repository.get("tags/list?\(query)").status == 400, "\(query)")
                }
            }
        }

        @Test(
            "Listing referrers, end-12a: an index with each one's artifactType or its configuration's type, its size and all its annotations"
        )
        func referrers() async throws {
            try await LAN.with { lan in
                let repository = Repository(try await lan.node())
                let image = try await repository.push(manifest: "image", as: "v1")
                let typed = try await repository.push(
                    manifest: "one", as: nil, artifactType: "application/vnd.test.sbom", subject: image,
                    annotations: ["a": "1", "b": "2"])
                let untyped = try await repository.push(manifest: "two", as: nil, subject: image)
                let index = """
                    {"schemaVersion":2,"mediaType":"\(Repository.indexType)","manifests":[],\
                    "subject":{"mediaType":"\(Repository.manifestType)","digest":"\(image)","size":1},\
                    "annotations":{"of":"an index"}}
                    """
                let pushed = try await repository.send(
                    "PUT", "manifests/\(Repository.digest(index))", index, type: Repository.indexType)
                #expect(pushed.headers["oci-subject"] == image)
                try await repository.push(manifest: "other", as: nil, subject: Repository.digest("another"))

                let answer = try await repository.get("referrers/\(image)")
                #expect(answer.status == 200)
                #expect(answer.headers["content-type"] == Repository.indexType)
                let list = try JSON.decode(Index.self, answer.text)
                #expect(list.schemaVersion == 2)
                #expect(list.mediaType == Repository.indexType)
                let entries = Dictionary(uniqueKeysWithValues: list.manifests.map { ($0.digest, $0) })
                #expect(Set(entries.keys) == [typed, untyped, Repository.digest(index)])
                #expect(entries[typed]?.artifactType == "application/vnd.test.sbom")
                #expect(entries[typed]?.annotations == ["a": "1", "b": "2"])
                #expect(entries[typed]?.mediaType == Repository.manifestType)
                #expect(entries[untyped]?.artifactType == "application/vnd.test.config")
                #expect(
                    entries[Repository.digest(index)]?.artifactType == nil, "must be omitted for an index without one")
                #expect(entries[Repository.digest(index)]?.annotations == ["of": "an index"])
                for (digest, entry) in entries {
                    #expect(try await repository.get("manifests/\(digest)").body.count == entry.size)
                }

                let filtered = try await repository.get("referrers/\(image)?artifactType=application/vnd.test.sbom")
                #expect(filtered.headers["oci-filters-applied"] == "artifactType")
                #expect(try JSON.decode(Index.self, filtered.text).manifests.map(\.digest) == [typed])
            }
        }

        @Test("Listing referrers: no 404 but an empty list; 400 for a digest that is none")
        func noReferrers() async throws {
            try await LAN.with { lan in
                let repository = Repository(try await lan.node())
                for name in ["team/app", "nobody/here"] {
                    let answer = try await repository.get("/v2/\(name)/referrers/\(Repository.digest("x"))")
                    #expect(answer.status == 200)
                    #expect(answer.headers["content-type"] == Repository.indexType)
                    #expect(try JSON.decode(Index.self, answer.text).manifests.isEmpty)
                }
                #expect(try await repository.get("referrers/sha256:x").status == 400)
            }
        }

        @Test(
            "Listing referrers: what cannot be returned in one answer is linked, filter and all, and every one is told once"
        )
        func pages() async throws {
            try await LAN.with { lan in
                let repository = Repository(try await lan.node())
                let image = try await repository.push(manifest: "image", as: "v1")
                let long = String(repeating: "x", count: 900 << 10)
                var pushed: Set<String> = []
                for number in 0..<6 {
                    pushed.insert(
                        try await repository.push(
                            manifest: "\(number)", as: nil, artifactType: "text/plain", subject: image,
                            annotations: ["long": long]))
                }
                var (walked, pages): ([String], Int) = ([], 0)
                var path: String? = "referrers/\(image)?artifactType=text/plain"
                while let page = path {
                    let answer = try await repository.get(page)
                    #expect(answer.body.count <= 4 << 20)
                    #expect(answer.headers["oci-filters-applied"] == "artifactType")
                    walked += try JSON.decode(Index.self, answer.text).manifests.map(\.digest)
                    path = try next(answer)
                    pages += 1
                    try #require(pages <= 6)
                }
                #expect(pages > 1)
                #expect(walked.count == 6)
                #expect(Set(walked) == pushed)
            }
        }
    }
}
