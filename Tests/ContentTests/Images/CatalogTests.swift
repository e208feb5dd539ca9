import OCI
import Testing

@testable import Content

@Suite("The catalog of images")
struct CatalogTests {
    private static let first = digestOf([1])
    private static let second = digestOf([2])

    private func record(
        _ reference: String?, _ digest: Digest, origin: String? = nil, knownGood: Int64 = 1
    ) throws -> ImageRecord {
        ImageRecord(
            reference: try reference.map { try ImageReference(normalizing: $0) },
            origin: try origin.map { try Origin($0) },
            digest: digest, mediaType: .ociManifest, size: 1, knownGood: knownGood)
    }

    @Test("A name has one record, that of its last word")
    func oneRecordAName() throws {
        var catalog = Catalog()
        catalog.record(try record("nginx", Self.first, knownGood: 1))
        catalog.record(try record("nginx", Self.first, knownGood: 2))
        #expect(catalog.all.map(\.knownGood) == [2])
    }

    @Test("A reference with a registry decides the origin")
    func originOfReference() throws {
        var catalog = Catalog()
        catalog.record(try record("ghcr.io/a/b:1", Self.first, origin: "docker.io/library/nginx"))
        #expect(catalog.all.map(\.origin) == [try Origin("ghcr.io/a/b")])
    }

    @Test("A manifest known by digest has one record for each origin")
    func untagged() throws {
        var catalog = Catalog()
        catalog.record(try record(nil, Self.first, origin: "docker.io/library/a", knownGood: 1))
        catalog.record(try record(nil, Self.first, origin: "docker.io/library/a", knownGood: 5))
        catalog.record(try record(nil, Self.first, origin: "docker.io/library/b"))
        #expect(catalog.all.count == 2)
        #expect(catalog.origins(of: [Self.first]).map(\.description) == ["docker.io/library/a", "docker.io/library/b"])
        #expect(catalog.all.map(\.knownGood).max() == 5)
    }

    @Test("A name of the same manifest and origin takes the place of the record without one, in either order")
    func nameReplacesDigest() throws {
        var catalog = Catalog()
        catalog.record(try record(nil, Self.first, origin: "docker.io/library/nginx"))
        catalog.record(try record("nginx", Self.first))
        catalog.record(try record(nil, Self.first, origin: "docker.io/library/nginx"))
        #expect(catalog.all.map { $0.reference?.description } == ["docker.io/library/nginx:latest"])
    }

    @Test("A name that moves leaves its old manifest known by digest")
    func moved() throws {
        var catalog = Catalog()
        catalog.record(try record("nginx", Self.first))
        catalog.record(try record("nginx", Self.second))
        #expect(catalog.image(for: try ImageReference(normalizing: "nginx"))?.digest == Self.second)
        let old = try #require(catalog.images(of: Self.first).first)
        #expect(old.reference == nil)
        #expect(old.origin?.description == "docker.io/library/nginx")
    }

    @Test("A name that moves leaves nothing where another name still leads to the old manifest")
    func movedWithSibling() throws {
        var catalog = Catalog()
        catalog.record(try record("nginx:1", Self.first))
        catalog.record(try record("nginx:latest", Self.first))
        catalog.record(try record("nginx:latest", Self.second))
        #expect(catalog.all.count == 2)
    }

    @Test("In the local namespace the old manifest keeps its repository")
    func movedLocally() throws {
        var catalog = Catalog()
        catalog.record(try record("localhost:5050/team/app:1", Self.first))
        catalog.record(try record("localhost:5050/team/app:1", Self.second))
        let byDigest = try ImageReference(normalizing: "localhost:5050/team/app@\(Self.first)")
        #expect(catalog.image(for: byDigest)?.digest == Self.first)
        let elsewhere = try ImageReference(normalizing: "localhost:5050/team/other@\(Self.first)")
        #expect(catalog.image(for: elsewhere) == nil)
    }

    @Test("A reference with a digest finds the manifest in its repository, by whatever name it is known")
    func byDigest() throws {
        var catalog = Catalog()
        catalog.record(try record("nginx:1.27", Self.first))
        for name in ["nginx@\(Self.first)", "nginx:other@\(Self.first)"] {
            #expect(catalog.image(for: try ImageReference(normalizing: name))?.digest == Self.first)
        }
        for name in [
            "nginx@\(Self.second)", "redis@\(Self.first)", "ghcr.io/library/nginx@\(Self.first)", "nginx:other",
        ] {
            #expect(catalog.image(for: try ImageReference(normalizing: name)) == nil)
        }
    }

    @Test("With the manifest go its records, and no others")
    func removal() throws {
        var catalog = Catalog()
        catalog.record(try record("nginx:1", Self.first))
        catalog.record(try record("nginx:2", Self.first))
        catalog.record(try record("nginx:3", Self.second))
        catalog.remove(Self.first)
        #expect(catalog.all.map(\.digest) == [Self.second])
        #expect(catalog.origins(of: [Self.first]) == [])
    }

    @Test("The version grows with changes only")
    func version() throws {
        var catalog = Catalog()
        catalog.record(try record("nginx", Self.first))
        let version = catalog.version
        catalog.record(try record("nginx", Self.first))
        catalog.remove(Self.second)
        #expect(catalog.version == version)
        catalog.record(try record("nginx", Self.first, knownGood: 2))
        #expect(catalog.version > version)
    }

    @Test("There is an end to how many names can be pushed: the one goes that was confirmed longest ago")
    func bound() throws {
        var catalog = Catalog(maximumCount: 3)
        for number in [5, 2, 9, 1, 7] as [Int64] {
            catalog.record(try record("localhost:5050/app:\(number)", Self.first, knownGood: number))
        }
        // 1 was the newest when it came, and went with the next.
        #expect(catalog.all.map(\.knownGood) == [5, 7, 9])
    }
}

extension Catalog {
    /// All records; a copy keeps the sorted list that the catalog would.
    fileprivate var all: [ImageRecord] {
        var copy = self
        return copy.images()
    }
}
