import Testing

extension EndToEnd {
    /// What goes past the bounds of pushing: it is refused in words, and harms nothing that is there.
    @Suite(.serialized, .needs(.root, .sandbox, .agent))
    struct LocalLimitTests {
        @Test("a repository more than push.repositories is refused, and those that there are take pushes as before")
        func repositories() async throws {
            try await LAN.with { lan in
                var configuration = AgentConfiguration()
                configuration.tables = "[push]\nrepositories = 2\n"
                let node = try await lan.node(configuration)
                let (one, two, three) = (
                    Repository(node, "team/one"), Repository(node, "team/two"), Repository(node, "team/three")
                )
                let first = try await one.push(manifest: "first", as: "v1")
                let second = try await two.push(manifest: "second", as: "v1")
                let manifest = try await one.manifest(layer: "third")
                let refusals = [
                    try await three.send("POST", "blobs/uploads/", []),
                    try await three.send("POST", "blobs/uploads/?digest=\(Repository.digest("{}"))", "{}"),
                    try await three.send("PUT", "manifests/v1", manifest, type: Repository.manifestType),
                ]
                for refused in refusals {
                    #expect(refused.status == 403)
                    #expect(refused.code == "DENIED")
                    #expect(refused.text.contains("push.repositories"), "\(refused.text)")
                }
                #expect(try await three.get("manifests/v1").status == 404)
                try await node.means(first, by: "team/one", "v1")
                try await node.means(second, by: "team/two", "v1")
                let next = try await one.push(manifest: "next", as: "v2")
                try await node.means(next, by: "team/one", "v2")
            }
        }

        @Test("a blob of more than push.blob_size is refused with 413, and what has come of an upload stays")
        func blobSize() async throws {
            try await LAN.with { lan in
                var configuration = AgentConfiguration()
                configuration.tables = "[push]\nblob_size = \"1KiB\"\n"
                let repository = Repository(try await lan.node(configuration))
                let kept = try await repository.push(manifest: "kept", as: "v1")
                let largest = String(repeating: "x", count: 1024)
                try await repository.push(largest)
                let tooLarge = largest + "x"
                let refused = try await repository.send(
                    "POST", "blobs/uploads/?digest=\(Repository.digest(tooLarge))", tooLarge)
                #expect(refused.status == 413)
                #expect(refused.code == "SIZE_INVALID")
                #expect(refused.text.contains("push.blob_size"), "\(refused.text)")
                #expect(try await repository.send("HEAD", "blobs/\(Repository.digest(tooLarge))").status == 404)

                let location = try await repository.beginUpload()
                let part = String(repeating: "y", count: 1000)
                #expect(try await repository.send("PATCH", location, part).status == 202)
                let more = try await repository.send("PATCH", location, String(repeating: "y", count: 25))
                #expect(more.status == 413)
                #expect(more.code == "SIZE_INVALID")
                let progress = try await repository.get(location)
                #expect(progress.status == 204)
                #expect(progress.headers["range"] == "0-999")
                let digest = Repository.digest(part)
                #expect(try await repository.send("PUT", "\(location)?digest=\(digest)", []).status == 201)
                #expect(try await repository.get("blobs/\(digest)").text == part)
                try await repository.node.means(kept, by: "team/app", "v1")
            }
        }

        @Test("the 257th upload under way is refused with 503, and those before it go on")
        func uploads() async throws {
            try await LAN.with { lan in
                let repository = Repository(try await lan.node())
                let location = try await repository.beginUpload()
                #expect(try await repository.send("PATCH", location, "first").status == 202)
                let begun = try await repository.node.machine.run(
                    "curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}\\n", "--data", "",
                    "http://localhost:5050/v2/team/app[2-256]/blobs/uploads/")
                let statuses = begun.split(separator: "\n").map(String.init)
                #expect(statuses == Array(repeating: "202", count: 255))
                let refused = try await repository.send("POST", "blobs/uploads/", [])
                #expect(refused.status == 503)
                #expect(refused.code == "UNAVAILABLE")
                let digest = Repository.digest("first")
                #expect(try await repository.send("PUT", "\(location)?digest=\(digest)", []).status == 201)
                #expect(try await repository.get("blobs/\(digest)").text == "first")
                // Its place is free again.
                _ = try await repository.beginUpload()
            }
        }
    }
}
