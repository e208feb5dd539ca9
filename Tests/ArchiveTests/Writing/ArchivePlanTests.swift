import FoundationEssentials
import Integrity
import OCI
import Testing

@testable import Archive

struct ArchivePlanTests {
    private func reference(_ name: String) throws -> ImageReference { try ImageReference(normalizing: name) }

    private func archivable(_ image: SampleImage, _ names: String...) throws -> ArchivableImage {
        let document = try ManifestDocument(bytes: image.manifest, mediaType: .ociManifest)
        return ArchivableImage(
            names: try names.map { try reference($0) }, descriptor: image.descriptor,
            documents: [image.descriptor.digest: document])
    }

    /// The archive, with the blobs of these images.
    private func archive(_ plan: ArchivePlan, _ blobs: [[UInt8]]) throws -> [UInt8] {
        let known = Dictionary(blobs.map { (ContentHasher.digest(of: $0), $0) }) { $1 }
        return try plan.parts.reduce(into: []) { bytes, part in
            switch part {
            case .bytes(let part): bytes += part
            case .blob(let digest, let size):
                let blob = try #require(known[digest])
                #expect(Int64(blob.count) == size)
                bytes += blob
            }
        }
    }

    private func document(_ name: String, in archive: [UInt8]) throws -> [UInt8]? {
        try TarListing(archive).items.first { $0.entry.name == name }?.content
    }

    @Test("what is saved loads as what it was, and has the length that was told")
    func roundTrip() async throws {
        let (one, two) = (try SampleImage(1), try SampleImage(2, isPacked: true))
        let plan = try ArchivePlan([
            archivable(one, "localhost:5050/team/app:v1", "localhost:5050/team/app:v2"),
            archivable(two, "localhost:5050/db:1"),
        ])
        let archive = try archive(plan, one.blobs + two.blobs)
        #expect(plan.length == Int64(archive.count))
        #expect(plan.blobs.count == 6)
        let found = try await contents(of: archive)
        #expect(found.images.map(\.descriptor.digest) == [one.descriptor.digest, two.descriptor.digest])
        #expect(
            found.images.map(\.names) == [
                [.name("localhost:5050/team/app:v1"), .name("localhost:5050/team/app:v2")],
                [.name("localhost:5050/db:1")],
            ])
        #expect(found.images.map(\.size) == [one.size, two.size])
        #expect(found.unused.isEmpty)
    }

    @Test("the entries are those of an OCI layout with Docker's list, documents first")
    func entries() throws {
        let image = try SampleImage(1)
        let archive = try archive(ArchivePlan([archivable(image, "localhost:5050/app:v1")]), image.blobs)
        #expect(
            try TarListing(archive).names == [
                "oci-layout", "index.json", "manifest.json", "blobs/", "blobs/sha256/",
            ] + ([image.manifest, image.config] + image.layers).map { SampleArchive.path($0) })
        let index = try #require(try document("index.json", in: archive))
        let text = String(decoding: index, as: UTF8.self)
        #expect(text.contains(#""io.containerd.image.name":"localhost:5050/app:v1""#))
        #expect(text.contains(#""org.opencontainers.image.ref.name":"localhost:5050/app:v1""#))
        let list = try JSONDecoder().decode(
            [DockerListEntry].self, from: Data(try #require(try document("manifest.json", in: archive))))
        #expect(
            list == [
                DockerListEntry(
                    config: SampleArchive.path(image.config), repoTags: ["localhost:5050/app:v1"],
                    layers: image.layers.map { SampleArchive.path($0) })
            ])
    }

    @Test("the same images make the same archive")
    func deterministic() throws {
        let image = try SampleImage(1)
        let plans = try (0..<3).map { _ in try ArchivePlan([archivable(image, "localhost:5050/app:v1")]).parts }
        #expect(plans[0] == plans[1] && plans[1] == plans[2])
    }

    @Test("an image under two names is there once, in both lists")
    func twoNames() async throws {
        let image = try SampleImage(1)
        let plan = try ArchivePlan([archivable(image, "localhost:5050/a:1"), archivable(image, "localhost:5050/b:2")])
        let archive = try archive(plan, image.blobs)
        #expect(
            try await contents(of: archive).images.map(\.names) == [
                [.name("localhost:5050/a:1"), .name("localhost:5050/b:2")]
            ])
        let list = try JSONDecoder().decode(
            [DockerListEntry].self, from: Data(try #require(try document("manifest.json", in: archive))))
        #expect(list.map(\.repoTags) == [["localhost:5050/a:1", "localhost:5050/b:2"]])
    }

    @Test("an image by its digest alone has a name that says so, and none in Docker's list")
    func digestOnly() throws {
        let image = try SampleImage(1)
        let name = "localhost:5050/app@\(image.descriptor.digest)"
        let archive = try archive(ArchivePlan([archivable(image, name)]), image.blobs)
        #expect(String(decoding: try #require(try document("index.json", in: archive)), as: UTF8.self).contains(name))
        let list = try JSONDecoder().decode(
            [DockerListEntry].self, from: Data(try #require(try document("manifest.json", in: archive))))
        #expect(list.map(\.repoTags) == [[]])
    }

    @Test("of an image for several platforms those that are here go, and Docker gets this machine's")
    func platforms() async throws {
        let own = try SampleImage(1, architecture: Platform.current.architecture)
        let (other, absent) = (try SampleImage(2), try SampleImage(3))
        let index = try SampleImage.json(
            ImageIndex(manifests: [
                absent.listed(platform: Platform(os: "linux", architecture: "mips")),
                other.listed(platform: Platform(os: "linux", architecture: "sparc")),
                own.listed(platform: .current),
            ]))
        let top = SampleImage.descriptor(index, .ociIndex)
        let image = ArchivableImage(
            names: [try reference("localhost:5050/app:v1")], descriptor: top,
            documents: [
                top.digest: try ManifestDocument(bytes: index, mediaType: .ociIndex),
                own.descriptor.digest: try ManifestDocument(bytes: own.manifest, mediaType: .ociManifest),
                other.descriptor.digest: try ManifestDocument(bytes: other.manifest, mediaType: .ociManifest),
            ])
        let archive = try archive(ArchivePlan([image]), own.blobs + other.blobs)
        let found = try await contents(of: archive)
        #expect(found.images.map(\.descriptor.digest) == [top.digest])
        #expect(found.images.first?.blobs.count == 9)
        let list = try JSONDecoder().decode(
            [DockerListEntry].self, from: Data(try #require(try document("manifest.json", in: archive))))
        #expect(list.map(\.config) == [SampleArchive.path(own.config)])
    }

    @Test("an index of which nothing is here cannot be saved, and within another one it is left out")
    func emptyIndexes() async throws {
        let (here, absent) = (try SampleImage(1), try SampleImage(2))
        let inner = try SampleImage.json(ImageIndex(manifests: [absent.listed()]))
        let innerTop = SampleImage.descriptor(inner, .ociIndex)
        let outer = try SampleImage.json(ImageIndex(manifests: [innerTop, here.listed()]))
        let outerTop = SampleImage.descriptor(outer, .ociIndex)
        let documents = [
            innerTop.digest: try ManifestDocument(bytes: inner, mediaType: .ociIndex),
            outerTop.digest: try ManifestDocument(bytes: outer, mediaType: .ociIndex),
            here.descriptor.digest: try ManifestDocument(bytes: here.manifest, mediaType: .ociManifest),
        ]
        let names = [try reference("localhost:5050/app:v1")]
        let error = failure {
            try ArchivePlan([ArchivableImage(names: names, descriptor: innerTop, documents: documents)])
        }
        #expect(error?.code == .incomplete)
        let plan = try ArchivePlan([ArchivableImage(names: names, descriptor: outerTop, documents: documents)])
        let found = try await contents(of: archive(plan, here.blobs))
        #expect(Set(found.images.flatMap(\.blobs)) == here.digests.union([outerTop.digest]))
    }

    @Test("an artifact is saved, and not listed for Docker")
    func artifact() throws {
        let (empty, text) = (Array("{}".utf8), Array("sbom".utf8))
        let manifest = try SampleImage.json(
            Manifest(
                config: SampleImage.descriptor(empty, .ociEmpty),
                layers: [SampleImage.descriptor(text, try MediaType("text/spdx"))]))
        let top = SampleImage.descriptor(manifest, .ociManifest)
        let image = ArchivableImage(
            names: [try reference("localhost:5050/sbom:1")], descriptor: top,
            documents: [top.digest: try ManifestDocument(bytes: manifest, mediaType: .ociManifest)])
        let archive = try archive(ArchivePlan([image]), [manifest, empty, text])
        #expect(try !TarListing(archive).names.contains("manifest.json"))
    }

    @Test("an image whose manifest is not there, or none at all, cannot be saved")
    func incomplete() throws {
        #expect(failure { try ArchivePlan([]) }?.code == .noImage)
        var image = try archivable(SampleImage(1), "localhost:5050/app:v1")
        image.documents = [:]
        let error = failure { try ArchivePlan([image]) }
        #expect(error?.code == .incomplete)
        #expect(error?.message.contains("localhost:5050/app:v1") == true)
    }

    @Test("sizes that cannot be, and manifests that disagree about one, are refused")
    func sizes() throws {
        let image = try SampleImage(1)
        func changed(_ change: (inout Manifest) -> Void) throws -> ArchivableImage {
            var manifest = Manifest(
                config: SampleImage.descriptor(image.config, .ociConfig),
                layers: image.layers.map { SampleImage.descriptor($0, .ociLayer) })
            change(&manifest)
            let bytes = try SampleImage.json(manifest)
            let top = SampleImage.descriptor(bytes, .ociManifest)
            return ArchivableImage(
                names: [], descriptor: top,
                documents: [top.digest: try ManifestDocument(bytes: bytes, mediaType: .ociManifest)])
        }
        let huge = try changed { for index in $0.layers.indices { $0.layers[index].size = .max - 100 } }
        #expect(failure { try ArchivePlan([huge]) }?.code == .tooLarge)
        let other = try changed { $0.layers[0].size += 1 }
        #expect(failure { try ArchivePlan([archivable(image), other]) }?.code == .damaged)
    }
}
