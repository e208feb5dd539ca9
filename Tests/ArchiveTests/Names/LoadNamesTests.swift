import OCI
import Testing

@testable import Archive

struct LoadNamesTests {
    private func image(_ number: UInt8, _ names: ArchivedName...) throws -> ArchivedImage {
        let digest = try Digest(algorithm: .sha256, bytes: [UInt8](repeating: number, count: 32))
        return ArchivedImage(
            descriptor: Descriptor(mediaType: .ociManifest, digest: digest, size: 1), names: names)
    }

    private func names(_ images: [ArchivedImage], _ name: String? = nil) throws -> [String] {
        try LoadNames(images, name: name.map { try LoadName($0) }).named.map {
            "\($0.reference) \($0.image.descriptor.digest.short.prefix(2))"
        }
    }

    @Test("images keep the names that become local")
    func own() throws {
        let images = [
            try image(1, .name("localhost:5050/a:1"), .name("nginx:2")),
            try image(2, .name("ghcr.io/x/y:1"), .name("b:3")),
        ]
        #expect(
            try names(images) == ["localhost:5050/a:1 01", "localhost:5050/nginx:2 01", "localhost:5050/b:3 02"])
    }

    @Test("a name that is written in two ways is one")
    func twice() throws {
        let one = try image(1, .name("nginx"), .name("docker.io/library/nginx:latest"))
        #expect(try names([one]) == ["localhost:5050/nginx:latest 01"])
    }

    @Test("the only image is called as the user says, whatever it was called")
    func only() throws {
        for own in [[], [.tag("v7")], [.name("ghcr.io/a:1")], [.name("b:2")]] as [[ArchivedName]] {
            var image = try image(1)
            image.names = own
            #expect(try names([image], "team/app:v1") == ["localhost:5050/team/app:v1 01"])
        }
        #expect(try names([image(1, .name("b:2"))], "team/app") == ["localhost:5050/team/app:latest 01"])
    }

    @Test("with a repository alone, images that have tags alone keep them")
    func repository() throws {
        let images = [try image(1, .tag("v1"), .tag("latest")), try image(2, .tag("v2"))]
        #expect(
            try names(images, "team/app") == [
                "localhost:5050/team/app:v1 01", "localhost:5050/team/app:latest 01", "localhost:5050/team/app:v2 02",
            ])
        #expect(failure { try names(images, "team/app:v1") }?.code == .nameless)
    }

    @Test("among several, the one without a name gets it")
    func oneOfSeveral() throws {
        let images = [try image(1, .name("a:1")), try image(2)]
        #expect(try names(images, "b:2") == ["localhost:5050/a:1 01", "localhost:5050/b:2 02"])
    }

    @Test(
        "an image without a name, with a tag alone, or of another registry asks for one",
        arguments: [
            ([], "has no name"), ([.tag("v1")], "only a tag in the archive, 'v1'"),
            ([.name("ghcr.io/team/app:v1")], "belongs to ghcr.io"), ([.name("Bad Name")], "'Bad Name'"),
        ] as [([ArchivedName], String)])
    func nameless(own: [ArchivedName], words: String) throws {
        var image = try image(1)
        image.names = own
        let error = failure { try names([image]) }
        #expect(error?.code == .nameless)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("--name") == true)
    }

    @Test("a name that is for nobody, or for too many, is refused")
    func wrongNumber() throws {
        #expect(failure { try names([image(1, .name("a")), image(2, .name("b"))], "c") }?.code == .nameless)
        #expect(failure { try names([image(1), image(2)], "c") }?.code == .nameless)
    }

    @Test("two images that would have one name are refused, both named")
    func collision() throws {
        let error = failure { try names([image(1, .name("a:1")), image(2, .name("localhost:5050/a:1"))]) }
        #expect(error?.message.contains("sha256:0101") == true)
        #expect(error?.message.contains("sha256:0202") == true)
    }

    @Test(
        "what an annotation says is a tag where it has neither slash nor colon",
        arguments: [("v1", .tag("v1")), ("app:v1", .name("app:v1")), ("a/b", .name("a/b"))] as [(String, ArchivedName)])
    func annotations(text: String, name: ArchivedName) {
        #expect(ArchivedName(refName: text) == name)
    }
}
