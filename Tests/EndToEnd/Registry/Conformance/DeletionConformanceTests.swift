import Testing

extension EndToEnd {
    /// What the OCI distribution specification 1.1 asks under "Content Management". A test's name quotes the section and the end point.
    @Suite(.serialized, .needs(.root, .sandbox, .agent))
    struct DeletionConformanceTests {
        private func withRepository(_ body: (Repository) async throws -> Void) async throws {
            try await LAN.with { lan in try await body(Repository(try await lan.node())) }
        }

        @Test("Deleting tags, end-9: 202, then the tag is 404, and the manifest and its other tags are still there")
        func tags() async throws {
            try await withRepository { repository in
                let digest = try await repository.push(manifest: "layer", as: "v1")
                try await repository.push(manifest: "layer", as: "v2")
                #expect(try await repository.send("DELETE", "manifests/v1").status == 202)
                #expect(try await repository.get("manifests/v1").status == 404)
                for reference in ["v2", digest] {
                    #expect(try await repository.get("manifests/\(reference)").status == 200)
                }
                #expect(try await repository.get("tags/list").text.contains(#"["v2"]"#))
                #expect(try await repository.send("DELETE", "manifests/v1").status == 404)
            }
        }

        @Test(
            "Deleting manifests, end-9: 202, then it and all tags that point to it are 404, and it refers to nothing any more"
        )
        func manifests() async throws {
            try await withRepository { repository in
                let image = try await repository.push(manifest: "image", as: "v1")
                let other = try await repository.push(manifest: "other", as: "v3")
                let digest = try await repository.push(manifest: "layer", as: "v2", subject: image)
                #expect(try await repository.get("referrers/\(image)").text.contains(digest))
                #expect(try await repository.send("DELETE", "manifests/\(digest)").status == 202)
                for reference in [digest, "v2"] {
                    let answer = try await repository.get("manifests/\(reference)")
                    #expect(answer.status == 404)
                    #expect(answer.code == "MANIFEST_UNKNOWN")
                }
                #expect(try await !repository.get("referrers/\(image)").text.contains(digest))
                #expect(try await repository.get("tags/list").text.contains(#"["v1","v3"]"#))
                #expect(try await repository.get("manifests/\(other)").status == 200)
                #expect(try await repository.send("DELETE", "manifests/\(digest)").status == 404)
                // What was deleted can be pushed again.
                try await repository.push(manifest: "layer", as: "v2", subject: image)
                #expect(try await repository.get("manifests/v2").status == 200)
                #expect(try await repository.get("referrers/\(image)").text.contains(digest))
            }
        }

        @Test("Deleting manifests: 404 where the repository does not exist")
        func noRepository() async throws {
            try await withRepository { repository in
                for reference in ["v1", Repository.digest("x")] {
                    let answer = try await repository.send("DELETE", "/v2/nobody/here/manifests/\(reference)")
                    #expect(answer.status == 404)
                }
            }
        }

        @Test("Deleting blobs, end-10: 202, then it is 404; 404 where it is not found; 405 while an image needs it")
        func blobs() async throws {
            try await withRepository { repository in
                let digest = try await repository.push("alone")
                #expect(try await repository.send("DELETE", "blobs/\(digest)").status == 202)
                #expect(try await repository.get("blobs/\(digest)").status == 404)
                #expect(try await repository.send("DELETE", "blobs/\(digest)").status == 404)
                try await repository.push(manifest: "layer", as: "v1")
                let layer = Repository.digest("layer")
                let refused = try await repository.send("DELETE", "blobs/\(layer)")
                #expect(refused.status == 405)
                #expect(refused.code == "UNSUPPORTED")
                #expect(try await repository.get("blobs/\(layer)").text == "layer")
                #expect(try await repository.send("DELETE", "manifests/v1").status == 202)
                let manifest = Repository.digest(try await repository.manifest(layer: "layer"))
                #expect(try await repository.send("DELETE", "manifests/\(manifest)").status == 202)
                #expect(try await repository.send("DELETE", "blobs/\(layer)").status == 202)
            }
        }
    }
}
