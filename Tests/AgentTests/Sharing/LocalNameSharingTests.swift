import Content
import Discovery
import OCI
import Testing

@testable import Agent

@Suite("The rule of trust, of names of the local namespace")
struct LocalNameSharingTests {
    private func policy(
        key: Bool, lan: Bool = false, include: [String] = [], exclude: [String] = []
    ) throws -> SharePolicy {
        try SharePolicy(
            hasKey: key, include: include.map { try #require(SharePattern(text: $0)) },
            exclude: exclude.map { try #require(SharePattern(text: $0)) }, believesLAN: lan)
    }

    private func pushed() throws -> TestNode {
        var node = TestNode()
        try node.push(1, "team/app", tag: "v1")
        try node.push(2, "other/app", tag: "v1")
        return node
    }

    // MARK: Who is told what

    @Test("with a key all names are told, with what they lead to, their versions and subjects")
    func withKey() throws {
        var node = try pushed()
        try node.name(3, "team/app@\(node.digest(3))", counter: 9, subject: 1)
        try node.blob(3)
        let offer = try node.offer(policy(key: true))
        #expect(offer.names == ["other/app:v1", "other/app@2", "team/app:v1", "team/app@1", "team/app@3"])
        #expect(offer.digests == [1, 2, 3, 101, 102])
        let referrer = try #require(offer.references.first { $0.digest.bytes[0] == 3 })
        #expect(try referrer.version?.counter == 9 && referrer.subject == node.digest(1))
    }

    @Test("with a key share.exclude and share.include name repositories of the local namespace, too")
    func patterns() throws {
        let node = try pushed()
        for policy in [
            try policy(key: true, exclude: ["localhost:5050/other/*"]), try policy(key: true, include: ["*/team/*"]),
            try policy(key: true, include: ["localhost:5050/*"], exclude: ["127.0.0.1:5050/other/app"]),
        ] {
            #expect(node.offer(policy).names == ["team/app:v1", "team/app@1"])
            #expect(node.offer(policy).digests == [1, 101])
        }
    }

    @Test("without a key nothing of it is offered that nobody named, whoever is believed", arguments: [true, false])
    func unnamed(lan: Bool) throws {
        let offer = try pushed().offer(policy(key: false, lan: lan))
        #expect(offer.names == [] && offer.digests == [])
    }

    @Test("without a key what is named is offered by digest, and its names where anybody's count")
    func named() throws {
        let node = try pushed()
        let include = ["localhost:5050/team/*"]
        let byDigest = try node.offer(policy(key: false, include: include))
        #expect(byDigest.names == [] && byDigest.digests == [1, 101])
        let all = try node.offer(policy(key: false, lan: true, include: include))
        #expect(all.names == ["team/app:v1", "team/app@1"] && all.digests == [1, 101])
        let less = try node.offer(policy(key: false, lan: true, include: ["*"], exclude: ["*/app"]))
        #expect(less.names == [] && less.digests == [])
    }

    @Test("without a key tags of registries are told where anybody's count, of what share.include names")
    func registryTags() throws {
        var node = TestNode()
        try node.image(1, "docker.io/library/a:1", isPublic: true)
        try node.image(2, "ghcr.io/acme/app:1", isPublic: false)
        let offer = try node.offer(policy(key: false, lan: true, include: ["ghcr.io/acme/*"]))
        #expect(offer.digests == [1, 2, 101, 102] && offer.names == ["acme/app:1"])
        #expect(try node.offer(policy(key: false, lan: true)).names == [])
        #expect(try node.offer(policy(key: false, include: ["ghcr.io/acme/*"])).names == [])
    }

    // MARK: Complete or gone

    @Test("a name is told once what it leads to is here")
    func complete() throws {
        var node = TestNode()
        try node.blob(1)
        try node.parent(1, of: [50, 51], held: [50])
        try node.name(1, "team/app:v1")
        try node.name(1, "team/app@\(node.digest(1))")
        let half = try node.offer(policy(key: true))
        #expect(half.names == [] && half.digests == [1, 50])
        #expect(try half.parts.contains(node.digest(51)))
        try node.blob(51)
        #expect(try node.offer(policy(key: true)).names == ["team/app:v1", "team/app@1"])
    }

    @Test("an index is told when one of its platforms is whole, and of its manifests those that are")
    func index() throws {
        var node = TestNode()
        try node.blob(1)
        try node.parent(1, of: [10, 20], held: [10, 20])
        try node.parent(10, of: [11], held: [11])
        try node.parent(20, of: [21], held: [])
        try node.name(1, "team/app:v1", type: .ociIndex)
        for byte in [1, 10, 20] as [UInt8] {
            try node.name(byte, "team/app@\(node.digest(byte))", type: byte == 1 ? .ociIndex : .ociManifest)
        }
        #expect(try node.offer(policy(key: true)).names == ["team/app:v1", "team/app@1", "team/app@10"])
    }

    @Test("a deletion is told whatever is here, and offers nothing of what the name had")
    func deleted() throws {
        var node = TestNode()
        try node.name(1, "team/app:v1", isDeleted: true)
        try node.blob(2)
        try node.name(2, "team/app@\(node.digest(2))", isDeleted: true)
        try node.push(3, "team/app", tag: "v3")
        let offer = try node.offer(policy(key: true))
        #expect(offer.names == ["-team/app:v1", "-team/app@2", "team/app:v3", "team/app@3"])
        #expect(offer.digests == [3, 103])
    }

    @Test("a deletion is told to those who were told of the name, and to nobody else")
    func deletedElsewhere() throws {
        var node = TestNode()
        try node.name(1, "team/app:v1", isDeleted: true)
        #expect(try node.offer(policy(key: true, exclude: ["localhost:5050/*"])).references == [])
        #expect(try node.offer(policy(key: false, include: ["*"])).references == [])
        #expect(try node.offer(policy(key: false, lan: true, include: ["*"])).names == ["-team/app:v1"])
    }

    @Test("what is left of a deleted image that was never offered does not pass for content that nothing is known of")
    func leftOver() throws {
        var node = TestNode()
        try node.blob(1)
        try node.parent(1, of: [50], held: [50])
        try node.name(1, "secret/app:v1", isDeleted: true)
        try node.blob(200)
        let offer = try node.offer(policy(key: true, exclude: ["localhost:5050/secret/*"]))
        #expect(offer.digests == [200])
    }

    // MARK: Beside the runtime's images

    @Test("a name with a version holds against the image that a runtime has under it")
    func imageOfTheSameName() throws {
        var node = try pushed()
        try node.image(5, "localhost:5050/team/app:v1")
        try node.image(6, "localhost:5050/team/app:v2")
        let offer = try node.offer(policy(key: true, include: ["localhost:5050/team/*"]))
        #expect(offer.names == ["team/app:v1", "team/app:v2", "team/app@1"])
        let told = Dictionary(uniqueKeysWithValues: offer.references.map { ($0.reference.description, $0) })
        #expect(told["localhost:5050/team/app:v1"]?.digest.bytes[0] == 1)
        #expect(told["localhost:5050/team/app:v2"].map { $0.digest.bytes[0] == 6 && $0.version == nil } == true)
        // The image may be had by its digest all the same.
        #expect(offer.digests == [1, 5, 6, 101, 105, 106])
    }

    @Test("an image that a runtime has under a deleted name does not bring the name back")
    func imageOfADeletedName() throws {
        var node = TestNode()
        try node.image(1, "localhost:5050/team/app:v1")
        try node.name(1, "team/app:v1", isDeleted: true)
        let offer = try node.offer(policy(key: true))
        #expect(offer.names == ["-team/app:v1"] && offer.digests == [1, 101])
    }

    @Test("without a key an imported image of the local namespace is offered where share.include names it")
    func importedImage() throws {
        var node = TestNode()
        try node.image(1, "localhost:5050/team/app:v1")
        try node.image(2, "localhost:5050/other/app:v1")
        let offer = try node.offer(policy(key: false, lan: true, include: ["localhost:5050/team/app"]))
        #expect(offer.digests == [1, 101] && offer.names == ["team/app:v1"])
        #expect(try node.offer(policy(key: false, include: ["localhost:5050/team/app"])).names == [])
    }
}
