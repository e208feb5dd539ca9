import FoundationEssentials
import Integrity
import OCI
import Testing

@testable import Archive

/// Archives in OCI's layout.
struct LayoutReadingTests {
    private static let name = ["org.opencontainers.image.ref.name": "localhost:5050/team/app:v1"]

    private func read(
        _ files: [SampleArchive.File], into sink: MemorySink = MemorySink(), limits: ArchiveLimits = ArchiveLimits()
    ) async throws -> ArchiveContents {
        try await contents(of: TarBuilder(files).whole, into: sink, limits: limits)
    }

    /// The error that reading throws.
    private func refusal(_ files: [SampleArchive.File], limits: ArchiveLimits = ArchiveLimits()) async -> ArchiveError?
    {
        await failure { try await self.read(files, limits: limits) }
    }

    @Test("an image comes with its name, its platform and all that belongs to it", arguments: [7, 512, 1 << 20])
    func image(portion: Int) async throws {
        let image = try SampleImage(1)
        let sink = MemorySink()
        let archive = TarBuilder(try SampleArchive.oci(image, Self.name)).whole
        let found = try await contents(of: archive, into: sink, portion: portion)
        let only = try #require(found.images.first)
        var descriptor = image.descriptor
        descriptor.platform = Platform(os: "linux", architecture: "amd64")
        #expect(only.descriptor == descriptor)
        #expect(only.names == [.name("localhost:5050/team/app:v1")])
        #expect(only.platforms.map(\.description) == ["linux/amd64"])
        #expect(only.blobs.first == image.descriptor.digest)
        #expect(Set(only.blobs) == image.digests && only.size == image.size)
        #expect(found.images.count == 1 && found.unused.isEmpty)
        #expect(Set(sink.blobs.keys) == image.digests)
    }

    @Test("the order of the files makes no difference", arguments: 0..<12)
    func orders(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let image = try SampleImage(1)
        let files = try SampleArchive.oci(image, Self.name)
        let found = try await read(files.shuffled(using: &generator))
        #expect(found.images.map(\.descriptor.digest) == [image.descriptor.digest])
        #expect(found.unused.isEmpty)
    }

    @Test("what gzip packed is read as well, and files with dots before their names")
    func packed() async throws {
        let image = try SampleImage(1)
        let files = try SampleArchive.oci(image, Self.name).map { ("./\($0.name)", $0.content) }
        let found = try await contents(of: gzipped(TarBuilder(files).whole), portion: 100)
        #expect(found.images.map(\.descriptor.digest) == [image.descriptor.digest])
    }

    @Test("what skopeo wrote is read")
    func skopeo() async throws {
        let found = try await contents(of: Golden.skopeoOCI)
        let image = try #require(found.images.first)
        #expect(
            image.descriptor.digest.description
                == "sha256:e84ecae06dd99924d2f2b7b2a65d47022629f1c8e658a68230565c33a3a696fe")
        #expect(image.names == [.name("localhost:5050/team/app:v1")])
        #expect(image.blobs.count == 3 && image.size == 132 + 345 + 292)
        #expect(found.unused.isEmpty)
    }

    @Test("containerd's name for an image counts before OCI's, which may be a tag")
    func names() async throws {
        let image = try SampleImage(1)
        let both = [
            "io.containerd.image.name": "docker.io/library/app:v1", "org.opencontainers.image.ref.name": "v1",
        ]
        #expect(
            try await read(SampleArchive.oci(image, both)).images.map(\.names) == [[.name("docker.io/library/app:v1")]])
        let tag = ["org.opencontainers.image.ref.name": "v1"]
        #expect(try await read(SampleArchive.oci(image, tag)).images.map(\.names) == [[.tag("v1")]])
        #expect(try await read(SampleArchive.oci(image)).images.map(\.names) == [[]])
    }

    @Test("an image that is listed twice is one with two names")
    func twoNames() async throws {
        let image = try SampleImage(1)
        let names = ["app:v1", "app:v2", "app:v1"]
        let listed = names.map { image.listed(["io.containerd.image.name": $0]) }
        let found = try await read(
            SampleArchive.blobs(image.blobs) + [SampleArchive.index(listed), SampleArchive.layout])
        #expect(found.images.map(\.names) == [[.name("app:v1"), .name("app:v2")]])
    }

    @Test("images share blobs, and each has its own size")
    func shared() async throws {
        let one = try SampleImage(1)
        let two = try SampleImage(2)
        let files = SampleArchive.blobs(one.blobs + two.blobs + one.blobs)
        let found = try await read(
            files + [SampleArchive.index([one.listed(), two.listed()]), SampleArchive.layout])
        #expect(found.images.map(\.size) == [one.size, two.size])
    }

    @Test("of an image for several platforms some may be missing; what is there is told")
    func platforms() async throws {
        let amd = try SampleImage(1)
        let arm = try SampleImage(2, architecture: "arm64")
        let index = try SampleImage.json(
            ImageIndex(manifests: [
                amd.listed(platform: Platform(os: "linux", architecture: "amd64")),
                arm.listed(platform: Platform(os: "linux", architecture: "arm64")),
            ]))
        let top = SampleImage.descriptor(index, .ociIndex)
        let rest = [try SampleArchive.index([top]), SampleArchive.layout]
        let all = try await read(SampleArchive.blobs([index] + amd.blobs + arm.blobs) + rest)
        #expect(all.images.first?.platforms.map(\.description) == ["linux/amd64", "linux/arm64"])
        #expect(all.images.first?.blobs.count == 9)
        let some = try await read(SampleArchive.blobs([index] + arm.blobs) + rest)
        #expect(some.images.first?.descriptor == top)
        #expect(some.images.first?.platforms.map(\.description) == ["linux/arm64"])
        let none = await refusal(SampleArchive.blobs([index]) + rest)
        #expect(none?.code == .incomplete)
        #expect(none?.message.contains(amd.descriptor.digest.description) == true)
    }

    @Test("an image that lacks its configuration, a layer or its manifest names what is missing", arguments: 0..<4)
    func incomplete(missing: Int) async throws {
        let image = try SampleImage(1)
        var blobs = image.blobs
        let digest = ContentHasher.digest(of: blobs.remove(at: missing))
        let files =
            SampleArchive.blobs(blobs) + [try SampleArchive.index([image.listed(Self.name)]), SampleArchive.layout]
        let error = await refusal(files)
        #expect(error?.code == .incomplete)
        #expect(error?.message.contains(digest.description) == true)
        #expect(error?.message.contains("'localhost:5050/team/app:v1'") == true)
        #expect(error?.message.contains("cut") == false)
        // Without the mark of its end it may have been cut, and is told so.
        let cut = await failure { try await contents(of: TarBuilder(files).bytes) }
        #expect(cut?.message.contains("may have been cut") == true)
    }

    @Test("a layer that may not be handed on may be missing, and belongs to the image where it is there")
    func foreign() async throws {
        let image = try SampleImage(1)
        let foreign = Array("windows".utf8)
        var layer = SampleImage.descriptor(foreign, .dockerForeignLayer)
        layer.urls = ["https://example.com/layer"]
        let manifest = try SampleImage.json(
            Manifest(config: SampleImage.descriptor(image.config, .ociConfig), layers: [layer]))
        let rest = [
            try SampleArchive.index([SampleImage.descriptor(manifest, .ociManifest)]), SampleArchive.layout,
        ]
        let without = try await read(SampleArchive.blobs([manifest, image.config]) + rest)
        #expect(without.images.first?.blobs.count == 2)
        let with = try await read(SampleArchive.blobs([manifest, image.config, foreign]) + rest)
        #expect(with.images.first?.blobs.count == 3 && with.unused.isEmpty)
    }

    @Test("an artifact is an image, too, without a platform")
    func artifact() async throws {
        let (empty, text) = (Array("{}".utf8), Array("sbom".utf8))
        let manifest = try SampleImage.json(
            Manifest(
                config: SampleImage.descriptor(empty, .ociEmpty),
                layers: [SampleImage.descriptor(text, MediaType("text/spdx"))], artifactType: MediaType("text/spdx")))
        let found = try await read(
            SampleArchive.blobs([manifest, empty, text]) + [
                SampleArchive.index([SampleImage.descriptor(manifest, .ociManifest)]), SampleArchive.layout,
            ])
        #expect(found.images.first?.platforms == [])
        #expect(found.images.first?.blobs.count == 3)
    }

    @Test("sha512 is a digest, too")
    func sha512() async throws {
        let image = try SampleImage(1)
        var top = image.descriptor
        top.digest = ContentHasher.digest(of: image.manifest, algorithm: .sha512)
        let files =
            SampleArchive.blobs([image.config] + image.packed) + [
                (SampleArchive.path(image.manifest, .sha512), image.manifest), try SampleArchive.index([top]),
                SampleArchive.layout,
            ]
        #expect(try await read(files).images.map(\.descriptor.digest) == [top.digest])
    }

    @Test("what belongs to no image is told, and other files are not even taken")
    func unused() async throws {
        let image = try SampleImage(1)
        let stray = Array("stray".utf8)
        let sink = MemorySink()
        let files = try SampleArchive.oci(image) + SampleArchive.blobs([stray]) + [("a/deep/folder/README", stray)]
        let found = try await read(files, into: sink)
        #expect(found.unused == [ContentHasher.digest(of: stray)])
        #expect(sink.now.begun.count == 5)
    }

    @Test("a blob that is held already is passed over, and one that comes twice is taken once")
    func held() async throws {
        let image = try SampleImage(1)
        let sink = MemorySink(holding: [image.packed[0]])
        let files = try SampleArchive.oci(image) + SampleArchive.blobs(image.blobs)
        _ = try await read(files, into: sink)
        #expect(sink.now.begun.count == 4)
        #expect(
            sink.now.written
                == image.blobs.dropFirst(3).reduce(image.manifest.count + image.config.count) { $0 + $1.count })
    }

    @Test("a blob that is not what its name says is refused")
    func wrongBlob() async throws {
        let image = try SampleImage(1)
        var files = try SampleArchive.oci(image)
        files[3].content[0] ^= 1
        let error = await refusal(files)
        #expect(error?.code == .damaged)
    }

    @Test("a size that a manifest has wrong is told")
    func wrongSize() async throws {
        let image = try SampleImage(1)
        var top = image.descriptor
        top.size += 1
        let files = SampleArchive.blobs(image.blobs) + [try SampleArchive.index([top]), SampleArchive.layout]
        #expect(await refusal(files)?.code == .damaged)
    }

    @Test("what a sink throws ends the reading, and the blob under way is abandoned")
    func full() async throws {
        let sink = MemorySink(room: 1500)
        await #expect(throws: MemorySink.Failure.self) {
            try await self.read(SampleArchive.oci(SampleImage(1)), into: sink)
        }
        #expect(sink.now.abandoned == 1)
    }

    @Test("an archive that is cut in a blob abandons it")
    func cut() async throws {
        let image = try SampleImage(1)
        let sink = MemorySink()
        let archive = TarBuilder(SampleArchive.blobs(image.packed)).bytes
        let error = await failure { try await contents(of: Array(archive[..<700]), into: sink) }
        #expect(error?.code == .truncated)
        #expect(sink.now.abandoned == 1)
    }

    @Test(
        "an index that is none is refused",
        arguments: [
            "[]", "{", "", #"{"schemaVersion":2,"manifests":[{"digest":"x"}]}"#,
            #"{"schemaVersion":2,"manifests":[],"manifests":[]}"#, #"{"schemaVersion":2,"config":{},"layers":[]}"#,
        ])
    func wrongIndex(text: String) async throws {
        let error = await refusal([SampleArchive.layout, ("index.json", Array(text.utf8))])
        #expect(error?.code == .malformed)
    }

    @Test("a version of the layout that nobody knows is refused", arguments: ["2.0.0", "x"])
    func version(version: String) async throws {
        var files = try SampleArchive.oci(SampleImage(1))
        files[files.count - 1].content = Array(#"{"imageLayoutVersion":"\#(version)"}"#.utf8)
        #expect(await refusal(files)?.code == .unsupported)
    }

    @Test("a document that is there twice is refused")
    func twice() async throws {
        let files = try SampleArchive.oci(SampleImage(1)) + [SampleArchive.index([])]
        let error = await refusal(files)
        #expect(error?.code == .malformed)
        #expect(error?.message.contains("index.json is in the archive twice") == true)
    }

    @Test("types of content that nobody knows are passed over, and an archive of nothing else has no image")
    func unknownTypes() async throws {
        let stray = Array("<xml/>".utf8)
        let image = try SampleImage(1)
        let xml = SampleImage.descriptor(stray, try MediaType("application/xml"))
        let found = try await read(
            SampleArchive.blobs(image.blobs + [stray]) + [
                SampleArchive.index([xml, image.listed()]), SampleArchive.layout,
            ])
        #expect(found.images.count == 1)
        let none = try await refusal(SampleArchive.blobs([stray]) + [SampleArchive.index([xml]), SampleArchive.layout])
        #expect(none?.code == .noImage)
    }

    @Test("an archive of something else is told from one of images")
    func otherArchives() async throws {
        let error = await refusal([("etc/passwd", [1]), ("bin/sh", [2])])
        #expect(error?.code == .noImage)
        #expect(error?.message.contains("docker save") == true)
        let old = await refusal([("repositories", Array("{}".utf8))])
        #expect(old?.message.contains("Docker 1.10") == true)
    }

    @Test("indexes within each other have a bound")
    func depth() async throws {
        let image = try SampleImage(1)
        var blobs = image.blobs
        var top = image.descriptor
        for _ in 0..<10 {
            let index = try SampleImage.json(ImageIndex(manifests: [top]))
            blobs.append(index)
            top = SampleImage.descriptor(index, .ociIndex)
        }
        let files = SampleArchive.blobs(blobs) + [try SampleArchive.index([top]), SampleArchive.layout]
        #expect(await refusal(files)?.code == .tooLarge)
    }

    @Test("entries, files, documents, manifests, images and names have bounds")
    func bounds() async throws {
        let (one, two) = (try SampleImage(1), try SampleImage(2))
        let listed = [
            one.listed(["io.containerd.image.name": "a:1"]), one.listed(["io.containerd.image.name": "a:2"]),
            two.listed(["io.containerd.image.name": "b:1"]),
        ]
        let files =
            SampleArchive.blobs(one.blobs + two.blobs) + [
                try SampleArchive.index(listed), SampleArchive.layout, ("x", []), ("y", []),
            ]
        #expect(try await read(files).images.count == 2)
        let changes: [(inout ArchiveLimits) -> Void] = [
            { $0.entries = 11 }, { $0.files = 1 }, { $0.document = 20 }, { $0.manifests = 1 }, { $0.images = 1 },
            { $0.names = 2 },
        ]
        for change in changes {
            var limits = ArchiveLimits()
            change(&limits)
            let error = await refusal(files, limits: limits)
            #expect(error?.code == .tooLarge, "\(limits)")
        }
    }
}
