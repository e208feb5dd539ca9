import FoundationEssentials
import OCI
import Testing

@testable import Discovery

@Suite struct ReferenceEntryTests {
    /// A manifest of the local namespace that refers to another one.
    static let manifest =
        (try? Samples.localClaim(
            "team/app@\(Samples.digest(1))", 1, version: Samples.version(7), subject: Samples.longDigest(2)))!

    static let possible: [ReferenceEntry] = [
        manifest,
        (try? Samples.claim("nginx", 1, age: 60))!,
        (try? Samples.localClaim("team/app:v1", 1, version: Samples.version(1 << 53 - 1)))!,
        (try? Samples.localClaim("team/app:v1", 1, version: Samples.version(1), isDeleted: true))!,
        (try? Samples.localClaim("team/app:v1", 1, version: nil))!,
    ]

    static let impossible: [ReferenceEntry] = [
        // Of a registry only tags are told, and its tags are the registry's.
        (try? Samples.claim("nginx@\(Samples.digest(1))", 1))!,
        (try? Samples.claim("nginx:1@\(Samples.digest(1))", 1))!,
        changed("nginx") { $0.version = Samples.version(1) },
        changed("nginx") { $0.isDeleted = true },
        changed("nginx") { $0.subject = Samples.digest(2) },
        // Another manifest than the name says, or a name that is both.
        changed("localhost:5050/app@\(Samples.digest(2))") { $0.version = Samples.version(1) },
        changed("localhost:5050/app:1@\(Samples.digest(1))") { $0.version = Samples.version(1) },
        // Gone since nobody knows when.
        changed("localhost:5050/app:1") { $0.isDeleted = true },
        changed("localhost:5050/app:1") { $0.version = Samples.version(1 << 53) },
    ]

    private static func changed(_ name: String, _ change: (inout ReferenceEntry) -> Void) -> ReferenceEntry {
        var entry = (try? Samples.claim(name, 1))!
        change(&entry)
        return entry
    }

    private func json(_ page: InventoryPage) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(page), as: UTF8.self)
    }

    @Test("what only names of the local namespace have is told where it is so, manifests under a key of their own")
    func page() throws {
        let page = InventoryPage(
            epoch: 1, version: 2, full: false,
            references: [
                try Samples.localClaim("app:v1", 1, version: Samples.version(7), isDeleted: true), Self.manifest,
            ],
            removedReferences: [Samples.nginx, try Samples.reference("localhost:5050/app@\(Samples.digest(3))")])
        let text = try json(page)
        let type = "application/vnd.oci.image.manifest.v1+json"
        #expect(
            text == """
                {"added":[],"epoch":1,"full":false,\
                "manifests":[{"ageSeconds":0,"digest":"\(Samples.digest(1))","mediaType":"\(type)",\
                "reference":"localhost:5050/team/app@\(Samples.digest(1))","subject":"\(Samples.longDigest(2))",\
                "version":{"counter":7,"node":"\(Samples.node(1))"}}],\
                "references":[{"ageSeconds":0,"deleted":true,"digest":"\(Samples.digest(1))","mediaType":"\(type)",\
                "reference":"localhost:5050/app:v1","version":{"counter":7,"node":"\(Samples.node(1))"}}],\
                "removed":[],"removedManifests":["localhost:5050/app@\(Samples.digest(3))"],\
                "removedReferences":["docker.io/library/nginx:latest"],"version":2}
                """)
        #expect(try JSONDecoder().decode(InventoryPage.self, from: Data(text.utf8)) == page)
    }

    @Test("a page of a later protocol is read as far as it is known")
    func laterKeys() throws {
        let text = """
            {"epoch":1,"version":2,"full":true,"added":[],"removed":[],"removedReferences":[],"later":[1],
            "references":[{"reference":"docker.io/library/nginx:latest","digest":"\(Samples.digest(1))",
            "mediaType":"application/vnd.oci.image.index.v1+json","ageSeconds":60,"later":{"a":1}}]}
            """
        let page = try JSONDecoder().decode(InventoryPage.self, from: Data(text.utf8))
        #expect(
            page
                == InventoryPage(epoch: 1, version: 2, full: true, references: [try Samples.claim("nginx", 1, age: 60)])
        )
    }

    /// How readers that know of tags only decode a reference.
    private struct EarlierReference: Decodable, Equatable {
        var reference: ImageReference
        var digest: Digest
        var mediaType: MediaType
        var ageSeconds: UInt64
    }

    /// And a page of them.
    private struct EarlierPage: Decodable {
        var added: [InventoryEntry]
        var references: [EarlierReference]
        var removedReferences: [ImageReference]
    }

    @Test("a reader that knows of tags only takes the page, and sees tags only")
    func earlierReader() throws {
        let tag = try Samples.localClaim("app:v1", 1, version: Samples.version(7))
        let page = InventoryPage(
            epoch: 1, version: 2, full: true, added: Samples.entries(0..<1), references: [Self.manifest, tag],
            removedReferences: [Self.manifest.reference])
        let earlier = try JSONDecoder().decode(EarlierPage.self, from: Data(try json(page).utf8))
        #expect(earlier.added == page.added && earlier.removedReferences.isEmpty)
        #expect(
            earlier.references == [
                EarlierReference(
                    reference: tag.reference, digest: tag.digest, mediaType: tag.mediaType, ageSeconds: 0)
            ])
    }

    @Test("a page of as many entries as there may be, each at its longest, is below 2 MiB", arguments: [true, false])
    func longest(isDelta: Bool) throws {
        let limits = InventoryLimits()
        var state = InventoryState(epoch: .max - 1, limits: limits)
        let type = String(repeating: "t", count: 127) + "/" + String(repeating: "s", count: 127)
        // Slashes take two bytes where they are escaped.
        let repository = String(repeating: "r/", count: 127)
        let references = try (0..<limits.referencesPerPage).map { number in
            let digest = Samples.plainDigest(number, algorithm: .sha512)
            return ReferenceOffer(
                reference: try Samples.reference("localhost:5050/\(repository)r@\(digest)"), digest: digest,
                mediaType: try #require(MediaType(rawValue: type)), knownGood: -(1 << 40),
                version: NameVersion(counter: 1 << 53 - 1, author: Samples.node(1)), isDeleted: true,
                subject: Samples.longDigest(2))
        }
        let blobs = limits.blobsPerPage - (isDelta ? limits.referencesPerPage : 0)
        _ = state.set(
            blobs: (0..<blobs).map {
                InventoryEntry(
                    digest: Samples.plainDigest($0, algorithm: .sha512), size: 1 << 50, isProven: false)
            }, references: references)
        let page = state.page(epoch: .max - 1, since: isDelta ? 0 : nil, next: nil, now: 1 << 40)
        #expect(page.full != isDelta && page.added.count == blobs && page.references.count == references.count)
        #expect(try JSONEncoder().encode(page).count < 2 << 20)
    }
}
