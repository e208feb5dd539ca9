import OCI
import Testing

struct DistributionRouteTests {
    private func parse(
        _ path: String, _ query: String? = nil
    ) throws(DistributionError) -> (route: DistributionRoute, namespace: RegistryName?) {
        try DistributionRoute.parse(path: path, query: query)
    }

    private func refusal(_ path: String, _ query: String? = nil) -> DistributionError? {
        do {
            _ = try parse(path, query)
            return nil
        } catch {
            return error
        }
    }

    @Test("the base is known with and without its slash", arguments: ["/v2", "/v2/"])
    func base(path: String) throws {
        #expect(try parse(path).route == .base)
    }

    @Test(
        "manifests are found by tag",
        arguments: [
            ("/v2/nginx/manifests/latest", "nginx", "latest"),
            ("/v2/library/nginx/manifests/1.27", "library/nginx", "1.27"),
            ("/v2/a/manifests/manifests/manifests", "a/manifests", "manifests"),
            ("/v2/manifests/manifests/manifests", "manifests", "manifests"),
            ("/v2/a/blobs/manifests/x", "a/blobs", "x"),
            ("/v2/a/tags/list/manifests/x", "a/tags/list", "x"),
            ("/v2/a/blobs/uploads/manifests/x", "a/blobs/uploads", "x"),
            ("/v2/a/manifests/list", "a", "list"),
            ("/v2/a%2Db/manifests/%6catest", "a-b", "latest"),
            ("/v2/ghcr.io/owner/app/manifests/_", "ghcr.io/owner/app", "_"),
        ])
    func manifests(path: String, name: String, tag: String) throws {
        #expect(try parse(path).route == .manifest(try RepositoryName(name), .tag(try Tag(tag))))
    }

    @Test(
        "digests may have their colon encoded",
        arguments: [sampleDigest, "sha256%3A" + sampleHex, "sha256%3a" + sampleHex])
    func digests(text: String) throws {
        let (name, digest) = (try RepositoryName("a/b"), try Digest(sampleDigest))
        #expect(try parse("/v2/a/b/manifests/\(text)").route == .manifest(name, .digest(digest)))
        #expect(try parse("/v2/a/b/blobs/\(text)").route == .blob(name, digest))
        #expect(try parse("/v2/a/b/referrers/\(text)").route == .referrers(name, digest, artifactType: nil))
    }

    @Test("repositories may have components that are called like end points")
    func reservedComponents() throws {
        let digest = try Digest(sampleDigest)
        #expect(try parse("/v2/blobs/blobs/\(digest)").route == .blob(try RepositoryName("blobs"), digest))
        #expect(try parse("/v2/a/manifests/blobs/\(digest)").route == .blob(try RepositoryName("a/manifests"), digest))
        let tags = DistributionRoute.tags(try RepositoryName("tags/list"), count: nil, last: nil)
        #expect(try parse("/v2/tags/list/tags/list").route == tags)
    }

    @Test(
        "uploads are begun at one end point, and gone on with below it",
        arguments: [
            ("/v2/a/blobs/uploads/", "a"), ("/v2/a/blobs/uploads", "a"),
            ("/v2/blobs/uploads/blobs/uploads/", "blobs/uploads"),
        ])
    func uploads(path: String, name: String) throws {
        #expect(try parse(path).route == .uploads(try RepositoryName(name)))
        let below = path.hasSuffix("/") ? "\(path)some-id" : "\(path)/some-id"
        #expect(try parse(below).route == .upload(try RepositoryName(name), "some-id"))
    }

    @Test(
        "lists of tags come in pages",
        arguments: [
            (nil, nil, nil), ("", nil, nil), ("n=0", 0, nil), ("n=50", 50, nil), ("n=5&last=v1", 5, "v1"),
            ("last=v1", nil, "v1"),
            ("last=", nil, nil), ("n=1&ns=docker.io", 1, nil), ("n=%35", 5, nil), ("x=y&n=5&&", 5, nil),
            ("digest=%zz", nil, nil),
        ] as [(String?, Int?, String?)])
    func tags(query: String?, count: Int?, last: String?) throws {
        let expected = DistributionRoute.tags(
            try RepositoryName("a/b"), count: count, last: try last.map { try Tag($0) })
        #expect(try parse("/v2/a/b/tags/list", query).route == expected)
    }

    @Test(
        "a page size that is no number from 0 up is refused",
        arguments: [
            "n=-1", "n=x", "n=", "n", "n=1.5", "n=+1", "n=1%20", "n=99999999999999999999", "n=1&n=2", "n=%zz", "n=0x1",
        ])
    func pageSize(query: String) {
        let error = refusal("/v2/a/tags/list", query)
        #expect(error?.code == .paginationNumberInvalid)
        #expect(error?.status == 400)
    }

    @Test(
        "a page cannot begin behind what is no tag", arguments: ["last=.x", "last=a/b", "last=a%00", "last=a&last=b"])
    func pageStart(query: String) {
        #expect(refusal("/v2/a/tags/list", query)?.code == .tagInvalid)
    }

    @Test(
        "referrers may be filtered by artifact type, its plus encoded or not",
        arguments: [
            ("artifactType=application/vnd.example%2Bjson", "application/vnd.example+json"),
            ("artifactType=application%2Fvnd.example+json", "application/vnd.example+json"), ("artifactType=", nil),
        ] as [(String, String?)])
    func referrers(query: String, type: String?) throws {
        let expected = DistributionRoute.referrers(
            try RepositoryName("a"), try Digest(sampleDigest), artifactType: type)
        #expect(try parse("/v2/a/referrers/\(sampleDigest)", query).route == expected)
    }

    @Test(
        "an artifact type that is none is refused",
        arguments: ["artifactType=x", "artifactType=a/b%0a", "artifactType=%ff"])
    func artifactType(query: String) {
        let error = refusal("/v2/a/referrers/\(sampleDigest)", query)
        #expect(error?.code == .unsupported)
        #expect(error?.status == 400)
    }

    @Test(
        "the ns parameter names the registry",
        arguments: [
            ("ns=docker.io", "docker.io"), ("ns=registry-1.docker.io", "docker.io"), ("ns=ghcr.io&x", "ghcr.io"),
            ("ns=localhost%3A5000", "localhost:5000"), ("ns=localhost:5000", "localhost:5000"),
            ("ns=%5B::1%5D:5000", "[::1]:5000"), ("%6es=ghcr.io", "ghcr.io"), (nil, nil), ("", nil), ("xns=a", nil),
            ("NS=ghcr.io", nil),
        ] as [(String?, String?)])
    func namespace(query: String?, expected: String?) throws {
        #expect(try parse("/v2/a/manifests/b", query).namespace?.description == expected)
        #expect(try parse("/v2/", query).namespace?.description == expected)
    }

    @Test(
        "an ns parameter that is no registry is refused",
        arguments: [
            "ns=", "ns", "ns=a_b", "ns=http://a", "ns=u:hunter2@a", "ns=a/b", "ns=a%2fb", "ns=a%00", "ns=%ff", "ns=%",
            "ns=docker.io:0", "ns=127.1", "ns=..", "ns=docker.io&ns=ghcr.io", "ns=docker.io&n%73=docker.io",
            "ns=a%2540b",
        ])
    func badNamespace(query: String) {
        let error = refusal("/v2/a/manifests/b", query)
        #expect(error?.code == .nameInvalid)
        #expect(error?.status == 400)
        #expect(error?.message.contains("hunter2") == false)
    }

    @Test(
        "a repository name that the grammar forbids is refused",
        arguments: [
            "/v2/A/manifests/x", "/v2/a//b/manifests/x", "/v2//manifests/x", "/v2/a/../b/manifests/x",
            "/v2/../manifests/x",
            "/v2/%2e%2e/manifests/x", "/v2/%2E%2e/a/manifests/x", "/v2/a%2fb/manifests/x", "/v2/a%2Fb/manifests/x",
            "/v2/a%00/manifests/x", "/v2/a%0a/manifests/x", "/v2/a%zz/manifests/x", "/v2/a%/manifests/x",
            "/v2/a%2/manifests/x",
            "/v2/a%ff/manifests/x", "/v2/%252e%252e/manifests/x", "/v2/a\\b/manifests/x", "/v2/a b/manifests/x",
            "/v2/a+b/manifests/x", "/v2/-a/manifests/x", "/v2/a/manifests/x/", "/v2/a/tags/list/", "/v2//",
            "/v2/a/manifests/",
            "/v2/a/manifests//x", "/v2/" + String(repeating: "a", count: 256) + "/manifests/x", "/v2/a/manifests/x%2fy",
            "/v2/A/blobs/uploads/", "/v2/a/blobs//uploads/", "/v2/a/blobs/uploads//",
        ])
    func badName(path: String) {
        let error = refusal(path)
        #expect(error?.code == .nameInvalid)
        #expect(error?.status == 400)
    }

    @Test("a tag that the grammar forbids is refused", arguments: [".x", "-x", "x+y", "x%20y", "..", "%2e%2e"])
    func badTag(tag: String) {
        #expect(refusal("/v2/a/manifests/\(tag)")?.code == .tagInvalid)
    }

    @Test(
        "a digest that the grammar forbids is refused",
        arguments: [
            "sha256:0", "sha256:" + sampleHex.uppercased(), "md5:" + sampleHex, "x", "..", "%2e%2e", sampleHex,
            "sha256",
        ])
    func badDigest(digest: String) {
        #expect(refusal("/v2/a/blobs/\(digest)")?.code == .digestInvalid)
        #expect(refusal("/v2/a/referrers/\(digest)")?.code == .digestInvalid)
        #expect(refusal("/v2/a/blobs/\(digest)")?.status == 400)
    }

    @Test(
        "a path that is no end point is unknown",
        arguments: [
            "", "/", "v2", "v2/", "/v1/", "/v22/", "/V2/", "//v2/", "/v2x", "/v2/_catalog", "/v2/a", "/v2/a/b",
            "/v2/a/manifests",
            "/v2/manifests/x", "/v2/tags/list", "/v2/a/tags/other", "/v2/a/tags", "/v2/blobs/\(sampleDigest)",
            "/v2/blobs/uploads/", "/v2/blobs/uploads/x", "/%76%32/a/manifests/b", "*",
        ])
    func unknown(path: String) {
        let error = refusal(path)
        #expect(error?.code == .nameUnknown)
        #expect(error?.status == 404)
    }
}
