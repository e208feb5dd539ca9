import Content
import Discovery
import OCI
import Testing

@testable import Agent

@Suite("The rule of trust")
struct SharePolicyTests {
    private func policy(
        key: Bool, include: [String] = [], exclude: [String] = [], private privateImages: PrivateImages = .offer
    ) throws -> SharePolicy {
        try SharePolicy(
            hasKey: key, include: include.map { try #require(SharePattern(text: $0)) },
            exclude: exclude.map { try #require(SharePattern(text: $0)) }, privateImages: privateImages)
    }

    private static let a = "docker.io/library/a:1"
    private static let b = "docker.io/library/b:1"
    private static let acme = "ghcr.io/acme/app:1"

    // MARK: Without a key

    @Test("without a key offers public content by digest, and nothing else")
    func withoutKey() throws {
        var node = TestNode()
        try node.image(1, Self.a, isPublic: true)
        try node.image(2, Self.b, isPublic: false)
        try node.image(3, "docker.io/library/c:1", isPublic: nil)
        try node.blob(200)
        let offer = try node.offer(policy(key: false))
        #expect(offer.digests == [1, 101])
        #expect(offer.references == [])
    }

    @Test("without a key offers what share.include names although it is private")
    func withoutKeyNamed() throws {
        var node = TestNode()
        try node.image(1, Self.acme, isPublic: false)
        try node.image(2, "ghcr.io/other/app:1", isPublic: false)
        #expect(try node.offer(policy(key: false, include: ["ghcr.io/acme/*"])).digests == [1, 101])
    }

    @Test("without a key goes by the labels of an image whose name is no reference, or another's")
    func withoutKeyLabels() throws {
        var node = TestNode()
        try node.image(1, nil, labels: ["docker.io/library/a"])
        try node.image(2, "registry.example.com/mine/a:1", labels: ["docker.io/library/b"])
        for (byte, origin) in [(UInt8(1), "docker.io/library/a"), (2, "docker.io/library/b")] {
            node.publicity[try .init(origin: Origin(origin), digest: node.digest(byte))] = true
        }
        #expect(try node.offer(policy(key: false)).digests == [1, 2, 101, 102])
    }

    @Test("without a key one repository's no counts for more than another's yes: any registry can name any digest")
    func denied() throws {
        var node = TestNode()
        try node.image(1, Self.a, isPublic: false)
        try node.image(1, "evil.example/x:1", isPublic: true, labels: ["docker.io/library/a", "evil.example/x"])
        #expect(try node.offer(policy(key: false)).digests == [])
        #expect(try node.offer(policy(key: false, include: ["docker.io/*/*"])).digests == [1, 101])
    }

    @Test("without a key an index offers nothing of another's that it names")
    func namedByAnother() throws {
        var node = TestNode()
        try node.image(1, Self.a, isPublic: false, labels: ["docker.io/library/a"])
        try node.image(2, "evil.example/x:1", isPublic: true, type: .ociIndex, children: [1])
        #expect(try node.offer(policy(key: false)).digests == [2])
    }

    @Test("without a key an index offers what several call theirs once all have said that it is public")
    func disputed() throws {
        var node = TestNode()
        try node.image(2, "quay.io/x/a:1", isPublic: true, type: .ociIndex, children: [3])
        try node.blob(3, labels: ["quay.io/x/a", "docker.io/library/a"])
        try node.parent(3, of: [103], held: [103])
        let (key, digest) = (try policy(key: false), try node.digest(3))
        #expect(node.offer(key).digests == [2])
        #expect(node.questions(key) == ["docker.io/library/a@3", "quay.io/x/a@2", "quay.io/x/a@3"])
        for origin in ["quay.io/x/a", "docker.io/library/a"] {
            #expect(node.offer(key).digests == [2])
            node.publicity[.init(origin: try Origin(origin), digest: digest)] = true
        }
        #expect(node.offer(key).digests == [2, 3, 103])
    }

    @Test("without a key keeps what has neither a repository nor a label")
    func withoutKeyImported() throws {
        var node = TestNode()
        try node.image(1, nil)
        try node.image(2, "localhost:5050/team/app:1")
        #expect(try node.offer(policy(key: false)).digests == [])
    }

    // MARK: With a key

    @Test("with a key offers everything, tags too")
    func withKey() throws {
        var node = TestNode()
        try node.image(1, Self.a, isPublic: true)
        try node.image(2, Self.b, isPublic: false)
        try node.image(3, nil)
        try node.blob(200)
        let offer = try node.offer(policy(key: true))
        #expect(offer.digests == [1, 2, 3, 101, 102, 103, 200])
        #expect(offer.references.map(\.reference.description) == [Self.a, Self.b])
    }

    @Test("with a key leaves out what share.exclude names")
    func excluded() throws {
        var node = TestNode()
        try node.image(1, Self.a)
        try node.image(2, Self.b)
        try node.blob(200)
        let offer = try node.offer(policy(key: true, exclude: ["docker.io/library/b"]))
        #expect(offer.digests == [1, 101, 200])
        #expect(offer.references.map(\.reference.description) == [Self.a])
    }

    @Test("with a key leaves out content on its way from what share.exclude names")
    func excludedOnItsWay() throws {
        var node = TestNode()
        try node.blob(200, labels: ["docker.io/library/b"])
        try node.blob(201, labels: ["docker.io/library/a"])
        #expect(try node.offer(policy(key: true, exclude: ["docker.io/library/b"])).digests == [201])
    }

    @Test("with a key leaves out an image without a name whose label share.exclude names")
    func excludedByLabel() throws {
        var node = TestNode()
        try node.image(1, nil, labels: ["docker.io/library/b"])
        #expect(try node.offer(policy(key: true, exclude: ["docker.io/library/b"])).digests == [])
    }

    @Test("with a key and share.include offers what that names, and nothing else")
    func included() throws {
        var node = TestNode()
        try node.image(1, Self.a)
        try node.image(2, Self.acme)
        try node.image(3, nil)
        try node.blob(200)
        #expect(try node.offer(policy(key: true, include: ["ghcr.io/acme/*"])).digests == [2, 102])
    }

    @Test("with a key and private = never keeps what needed credentials, and what nobody has asked about")
    func neverPrivate() throws {
        var node = TestNode()
        try node.image(1, Self.a, isPublic: true)
        try node.image(2, Self.acme, isPublic: false)
        try node.image(3, Self.b, isPublic: nil)
        try node.image(4, "localhost:5050/team/app:1")
        try node.blob(200)
        #expect(try node.offer(policy(key: true, private: .never)).digests == [1, 4, 101, 104])
    }

    @Test("private = never is stronger than share.include", arguments: [true, false])
    func neverPrivateNamed(key: Bool) throws {
        var node = TestNode()
        try node.image(1, Self.acme, isPublic: false)
        #expect(try node.offer(policy(key: key, include: ["ghcr.io/*"], private: .never)).digests == [])
    }

    @Test("private = verify offers what offer does", arguments: [true, false], [[], ["ghcr.io/*"]])
    func verify(key: Bool, include: [String]) throws {
        var node = TestNode()
        try node.image(1, Self.a, isPublic: true)
        try node.image(2, Self.acme, isPublic: false)
        try node.image(3, Self.b, isPublic: nil)
        try node.image(4, "localhost:5050/team/app:1")
        try node.blob(200)
        try node.blob(201, labels: ["ghcr.io/acme/app"])
        let offer = try node.offer(policy(key: key, include: include))
        #expect(try node.offer(policy(key: key, include: include, private: .verify)) == offer)
    }

    // MARK: Blobs and tags

    @Test("a blob of a shared and an unshared image is shared")
    func sharedBlob() throws {
        var node = TestNode()
        try node.image(1, Self.a, isPublic: true, children: [50, 51])
        try node.image(2, Self.b, isPublic: false, children: [50, 52])
        #expect(try node.offer(policy(key: false)).digests == [1, 50, 51])
    }

    @Test("the word on whether a blob is proven goes with it")
    func proven() throws {
        var node = TestNode()
        try node.image(1, Self.a, isPublic: true)
        node.unproven = [try node.digest(101)]
        let offer = try node.offer(policy(key: false))
        #expect(offer.blobs.filter { !$0.isProven }.map { $0.digest.bytes[0] } == [101])
    }

    @Test("a tag is told only when the image can be pulled from here")
    func tagAfterBlobs() throws {
        var node = TestNode()
        try node.image(1, Self.a, children: [50, 51], held: [50])
        #expect(try node.offer(policy(key: true)).references == [])
        try node.blob(51)
        #expect(try node.offer(policy(key: true)).references.map(\.reference.description) == [Self.a])
    }

    @Test("the tag of an index is told when one of its platforms is whole")
    func tagOfIndex() throws {
        var node = TestNode()
        try node.image(1, Self.a, type: .ociIndex, children: [10, 20], held: [10])
        try node.parent(10, of: [11], held: [])
        try node.parent(20, of: [21], held: [])
        #expect(try node.offer(policy(key: true)).references == [])
        try node.blob(11)
        #expect(try node.offer(policy(key: true)).references.map(\.reference.description) == [Self.a])
    }

    @Test("names that are no tags, as CRI gives them, are not told: no peer would take them")
    func digestNames() throws {
        var node = TestNode()
        try node.image(1, "docker.io/library/a@\(node.digest(1))")
        try node.image(2, "docker.io/library/b:1@\(node.digest(2))")
        try node.image(3, "localhost:5050/team/app@\(node.digest(3))")
        let offer = try node.offer(policy(key: true))
        #expect(offer.digests == [1, 2, 3, 101, 102, 103] && offer.references == [])
    }

    // MARK: Questions

    @Test("upstream is asked where its answer decides, and about every repository of an image")
    func questions() throws {
        var node = TestNode()
        try node.image(1, Self.a, labels: ["docker.io/library/a", "quay.io/x/a"])
        try node.image(2, Self.b)
        try node.image(3, Self.acme)
        try node.image(4, nil)
        let withoutKey = try policy(key: false, include: ["ghcr.io/*"], exclude: ["docker.io/library/b"])
        #expect(
            node.questions(withoutKey) == [
                "docker.io/library/a@1", "quay.io/x/a@1",
            ])
        #expect(try node.questions(policy(key: true)) == [])
        #expect(
            try node.questions(policy(key: true, private: .never)) == [
                "docker.io/library/a@1", "docker.io/library/b@2", "ghcr.io/acme/app@3", "quay.io/x/a@1",
            ])
    }

    @Test(
        "with private = verify upstream is asked about everything: clients have what is public without another question"
    )
    func verifyQuestions() throws {
        var node = TestNode()
        try node.image(1, Self.a)
        try node.image(2, Self.acme)
        try node.image(3, "localhost:5050/team/app:1")
        let expected = ["docker.io/library/a@1", "ghcr.io/acme/app@2"]
        #expect(try node.questions(policy(key: true, private: .verify)) == expected)
        #expect(try node.questions(policy(key: true, exclude: ["ghcr.io/*"], private: .verify)) == expected)
    }
}
