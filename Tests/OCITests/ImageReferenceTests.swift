import FoundationEssentials
import OCI
import Testing

struct ImageReferenceTests {
    @Test(
        "names are completed as Docker does",
        arguments: [
            ("nginx", "docker.io/library/nginx:latest"),
            ("nginx:1.27", "docker.io/library/nginx:1.27"),
            ("library/nginx", "docker.io/library/nginx:latest"),
            ("grafana/grafana", "docker.io/grafana/grafana:latest"),
            ("docker.io/nginx", "docker.io/library/nginx:latest"),
            ("docker.io/library/nginx:1", "docker.io/library/nginx:1"),
            ("index.docker.io/nginx", "docker.io/library/nginx:latest"),
            ("registry-1.docker.io/library/nginx", "docker.io/library/nginx:latest"),
            ("ghcr.io/owner/app:v1", "ghcr.io/owner/app:v1"),
            ("GHCR.io/owner/app", "ghcr.io/owner/app:latest"),
            ("quay.io/app", "quay.io/app:latest"),
            ("localhost/app", "localhost/app:latest"),
            ("registry:5000/app", "registry:5000/app:latest"),
            ("registry:5000/app:7", "registry:5000/app:7"),
            ("localhost:5000/app", "localhost:5000/app:latest"),
            ("localhost:5050", "docker.io/library/localhost:5050"),
            ("[2001:db8::1]:5000/team/app", "[2001:db8::1]:5000/team/app:latest"),
            ("docker.io", "docker.io/library/docker.io:latest"),
            ("nginx@" + sampleDigest, "docker.io/library/nginx@" + sampleDigest),
            ("nginx:1@" + sampleDigest, "docker.io/library/nginx:1@" + sampleDigest),
            ("localhost:5050/team/app", "localhost:5050/team/app:latest"),
            ("127.0.0.1:5050/app:1", "localhost:5050/app:1"),
            ("[::1]:5050/app", "localhost:5050/app:latest"),
            ("LOCALHOST:5050/app", "localhost:5050/app:latest"),
        ])
    func normalised(text: String, expected: String) throws {
        let reference = try ImageReference(normalizing: text)
        #expect(reference.description == expected)
        #expect(try ImageReference(normalizing: expected) == reference)
    }

    @Test(
        "what is no reference is refused",
        arguments: [
            "", ":", "@", "/", "nginx:", "nginx@", ":latest", "@" + sampleDigest, "nginx@sha256:0", "nginx@latest",
            "Nginx", "docker.io/Nginx", "Foo/bar", "library/", "/nginx", "a//b", "docker.io/", "ghcr.io/", "ghcr.io//a",
            "localhost:5050/", "https://ghcr.io/owner/app", "docker://nginx", "nginx:a b", "nginx:1:2", " nginx",
            "nginx\n",
            "nginx\0", "../nginx", "a/../b", "ghcr.io/a/..", sampleHex, "ghcr.io:0/a", "ghcr.io:x/a", "a_b.c/d",
            "nginx@" + sampleDigest + "@" + sampleDigest, "::1/a", String(repeating: "a", count: 256),
        ])
    func refused(text: String) {
        #expect(throws: OCIError.self) { try ImageReference(normalizing: text) }
    }

    @Test(
        "a password in what should have been a name is not repeated",
        arguments: ["https://user:hunter2@ghcr.io/app", "user:hunter2@ghcr.io/app", "hunter2@ghcr.io"])
    func credentials(text: String) {
        let error = refusal { () throws(OCIError) in try ImageReference(normalizing: text) }
        #expect(error != nil)
        #expect(error?.message.contains("hunter2") == false)
    }

    @Test("the local namespace has no registry and no origin")
    func localNamespace() throws {
        let reference = try ImageReference(normalizing: "127.0.0.1:5050/team/app")
        #expect(reference.registry == nil)
        #expect(reference.origin == nil)
        #expect(reference.repository == (try RepositoryName("team/app")))
        #expect(reference.tag == .latest)
    }

    @Test("the official images' library is Docker Hub's and nobody else's")
    func library() throws {
        #expect(try ImageReference(normalizing: "localhost:5050/nginx").repository.description == "nginx")
        #expect(try ImageReference(normalizing: "nginx").origin?.description == "docker.io/library/nginx")
    }

    @Test("a digest is asked for before a tag")
    func manifestReference() throws {
        let digest = try Digest(sampleDigest)
        #expect(try ImageReference(normalizing: "nginx:1@\(digest)").manifestReference == .digest(digest))
        #expect(try ImageReference(normalizing: "nginx").manifestReference == .tag(.latest))
    }

    @Test(
        "a reference is coded as the string that it prints",
        arguments: [
            "docker.io/library/nginx:1", "docker.io/library/nginx", "localhost:5050/app:1", "localhost:5050/app",
            "ghcr.io/a/b@" + sampleDigest, "ghcr.io/a/b:c@" + sampleDigest,
        ])
    func codable(text: String) throws {
        let decoded = try JSONDecoder().decode([ImageReference].self, from: Data("[\"\(text)\"]".utf8))
        #expect(decoded.first?.description == text)
        let again = try JSONDecoder().decode([ImageReference].self, from: JSONEncoder().encode(decoded))
        #expect(again == decoded)
    }

    @Test("references are ordered by registry, repository, tag and digest, the local namespace first")
    func order() throws {
        let ordered = [
            "localhost:5050/z", "docker.io/a/b", "docker.io/a/b@" + sampleDigest, "docker.io/a/b:1",
            "docker.io/a/b:1@" + sampleDigest, "docker.io/a/b:2", "docker.io/a/c", "ghcr.io/a/b",
        ]
        let json = Data("[\(ordered.map { "\"\($0)\"" }.joined(separator: ","))]".utf8)
        let references = try JSONDecoder().decode([ImageReference].self, from: json)
        #expect(references.reversed().sorted() == references)
    }

    @Test("an origin is written in full")
    func origin() throws {
        let origin = try Origin("index.docker.io/library/nginx")
        #expect(origin.description == "docker.io/library/nginx")
        #expect(origin.registry == .dockerHub)
        #expect(ImageReference(origin: origin, tag: .latest).description == "docker.io/library/nginx:latest")
    }

    @Test(
        "what is no origin is refused", arguments: ["", "nginx", "/a", "docker.io/", "docker.io/A", "a_b/c", "u:p@h/a"])
    func noOrigin(text: String) {
        #expect(throws: OCIError.self) { try Origin(text) }
    }
}
