import FoundationEssentials
import Integrity
import OCI
import Testing

@testable import Archive

/// Archives in Docker's format, and in both.
struct DockerReadingTests {
    private func read(
        _ files: [SampleArchive.File], into sink: MemorySink = MemorySink()
    ) async throws -> ArchiveContents {
        try await contents(of: TarBuilder(files).whole, into: sink)
    }

    /// The manifest that an image got.
    private func manifest(_ image: ArchivedImage, in sink: MemorySink) throws -> Manifest {
        let bytes = try #require(sink.blobs[image.descriptor.digest])
        let document = try ManifestDocument(bytes: bytes, mediaType: image.descriptor.mediaType)
        guard case .manifest(let manifest) = document.kind else { throw MemorySink.Failure() }
        return manifest
    }

    /// The error that reading throws.
    private func refusal(_ files: [SampleArchive.File]) async -> ArchiveError? {
        await failure { try await self.read(files) }
    }

    @Test("an image gets a manifest in Docker's types, and its names")
    func image() async throws {
        let image = try SampleImage(1)
        let sink = MemorySink()
        let found = try await read(SampleArchive.docker(image, ["nginx:1.27", "team/app:v1"]), into: sink)
        let only = try #require(found.images.first)
        #expect(only.names == [.name("nginx:1.27"), .name("team/app:v1")])
        #expect(only.descriptor.mediaType == .dockerManifest)
        #expect(only.descriptor.platform?.description == "linux/amd64")
        #expect(only.platforms.map(\.description) == ["linux/amd64"])
        let manifest = try manifest(only, in: sink)
        #expect(manifest.config == SampleImage.descriptor(image.config, .dockerConfig))
        #expect(manifest.layers == image.layers.map { SampleImage.descriptor($0, .dockerLayer) })
        // Nothing of what old readers want of each layer.
        #expect(sink.blobs.count == 4 && found.unused.isEmpty)
        #expect(only.size == Int64(sink.blobs.values.reduce(0) { $0 + $1.count }))
    }

    @Test("the same image gets the same digest, in whatever order its files come", arguments: 0..<6)
    func deterministic(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let files = try SampleArchive.docker(SampleImage(1), ["a:1"])
        let digest = try await read(files).images.first?.descriptor.digest
        #expect(try await read(files.shuffled(using: &generator)).images.first?.descriptor.digest == digest)
    }

    @Test("a manifest is written as Docker writes it, the members in its order")
    func manifestText() throws {
        let digest = try Digest(algorithm: .sha256, bytes: [UInt8](repeating: 0xab, count: 32))
        let manifest = DockerManifest(config: (digest, 10), layers: [(digest, 20, .none), (digest, 30, .gzip)])
        #expect(
            String(decoding: manifest.bytes, as: UTF8.self)
                == #"{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","#
                + #""config":{"mediaType":"application/vnd.docker.container.image.v1+json","digest":"\#(digest)","size":10},"#
                + #""layers":[{"mediaType":"application/vnd.docker.image.rootfs.diff.tar","digest":"\#(digest)","size":20},"#
                + #"{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","digest":"\#(digest)","size":30}]}"#
        )
    }

    @Test("what skopeo wrote is read, its links included")
    func skopeo() async throws {
        let sink = MemorySink()
        let found = try await contents(of: Golden.skopeoDocker, into: sink, portion: 99)
        let image = try #require(found.images.first)
        #expect(image.names == [.name("localhost:5050/team/app:v1")])
        let manifest = try manifest(image, in: sink)
        #expect(
            manifest.config.digest.description
                == "sha256:fcb0ca99a23705dc19bc33eb112e5dc07c9415e913432abb9fdde31b38350145")
        #expect(
            manifest.layers.map(\.digest.description) == [
                "sha256:5fabef9de7704617000495c06f165b8d73e092bf2167105c5d3d607140eac0fd"
            ])
        #expect(found.unused.isEmpty)
    }

    @Test("a layer that is packed is known by its first bytes")
    func packed() async throws {
        let image = try SampleImage(1, isPacked: true)
        let sink = MemorySink()
        let found = try await read(SampleArchive.docker(image, ["a:1"]), into: sink)
        let manifest = try manifest(try #require(found.images.first), in: sink)
        #expect(manifest.layers == image.packed.map { SampleImage.descriptor($0, .dockerLayerGzip) })
    }

    @Test("with a layer of zstd, for which Docker has no type, the manifest is OCI's")
    func zstd() async throws {
        let image = try SampleImage(1)
        var files = try SampleArchive.docker(image, ["a:1"])
        let place = try #require(files.firstIndex { $0.name == "1/layer.tar" })
        files[place].content = [0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0]
        let sink = MemorySink()
        let only = try #require(try await read(files, into: sink).images.first)
        #expect(only.descriptor.mediaType == .ociManifest)
        let manifest = try manifest(only, in: sink)
        #expect(manifest.config.mediaType == .ociConfig)
        #expect(manifest.layers.map(\.mediaType) == [.ociLayer, .ociLayerZstd])
    }

    @Test("layers that are links, of either kind and through each other, are what they lead to")
    func links() async throws {
        let image = try SampleImage(1, layers: 1)
        let layer = image.layers[0]
        let config = try SampleImage.json(
            ImageConfig(
                os: "linux", architecture: "amd64",
                rootfs: .init(diffIDs: [Digest](repeating: ContentHasher.digest(of: layer), count: 4))))
        var tar = TarBuilder()
        // The link may come before what it leads to.
        tar.add("a/layer.tar", flag: "2", link: "../b/layer.tar")
        tar.add("b/layer.tar", layer)
        tar.add("c/layer.tar", flag: "1", link: "b/layer.tar")
        tar.add("d/layer.tar", flag: "2", link: "../a/layer.tar")
        tar.add("e/layer.tar", flag: "2", link: "b/layer.tar")
        tar.add("config.json", config)
        let layers = ["a", "c", "d", "e"].map { "\($0)/layer.tar" }
        let list = try SampleArchive.list([DockerListEntry(config: "config.json", repoTags: nil, layers: layers)])
        tar.add(list.name, list.content)
        let sink = MemorySink()
        let found = try await contents(of: tar.whole, into: sink)
        let manifest = try manifest(try #require(found.images.first), in: sink)
        #expect(manifest.layers.map(\.digest) == [Digest](repeating: ContentHasher.digest(of: layer), count: 4))
        #expect(found.images.first?.blobs.count == 3)
    }

    @Test(
        "a link in circles, out of the archive, or to nothing is a layer that is missing",
        arguments: ["layer", "../other", "../../../etc/passwd", "nothing", ""])
    func wrongLinks(target: String) async throws {
        let image = try SampleImage(1, layers: 1)
        var tar = TarBuilder()
        tar.add("a/layer", flag: "2", link: target)
        tar.add("other", flag: "2", link: "a/layer")
        tar.add("config.json", image.config)
        let list = try SampleArchive.list([DockerListEntry(config: "config.json", repoTags: ["x"], layers: ["a/layer"])]
        )
        tar.add(list.name, list.content)
        let error = await failure { [tar] in try await contents(of: tar.whole) }
        #expect(error?.code == .incomplete)
        #expect(error?.message.contains("'a/layer'") == true)
    }

    @Test("a missing configuration or layer is named", arguments: ["0/layer.tar", ".json"])
    func incomplete(missing: String) async throws {
        let files = try SampleArchive.docker(SampleImage(1), ["a:1"]).filter {
            !$0.name.hasSuffix(missing) || $0.name == "manifest.json"
        }
        let error = await refusal(files)
        #expect(error?.code == .incomplete)
        #expect(error?.message.contains(missing) == true, "\(error?.message ?? "")")
    }

    @Test("a layer that is another one than the configuration says is refused, and so are more or fewer of them")
    func damaged() async throws {
        let image = try SampleImage(1)
        var files = try SampleArchive.docker(image, ["a:1"])
        let place = try #require(files.firstIndex { $0.name == "1/layer.tar" })
        files[place].content = SampleArchive.layout.content
        #expect(await refusal(files)?.code == .damaged)
        let fewer = [
            ("c.json", image.config), ("l", image.layers[0]),
            try SampleArchive.list([DockerListEntry(config: "c.json", repoTags: [], layers: ["l"])]),
        ]
        #expect(await refusal(fewer)?.code == .incomplete)
    }

    @Test("a layer that runtimes would not unpack is refused")
    func xz() async throws {
        var files = try SampleArchive.docker(SampleImage(1), ["a:1"])
        let place = try #require(files.firstIndex { $0.name == "1/layer.tar" })
        files[place].content = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 1]
        #expect(await refusal(files)?.code == .unsupported)
    }

    @Test("a list that is none is refused", arguments: ["{}", "[{}]", "[", "null", #"[{"Config":1}]"#])
    func wrongList(text: String) async throws {
        let error = await refusal([("manifest.json", Array(text.utf8))])
        #expect(error?.code == .malformed)
    }

    @Test("an empty list has no image", arguments: ["[]"])
    func emptyList(text: String) async throws {
        #expect(await refusal([("manifest.json", Array(text.utf8))])?.code == .noImage)
    }

    // MARK: Both formats

    /// What Docker 25 and later write.
    private func both(
        _ image: SampleImage, listed: [Descriptor], tags: [String]?, blobs: [[UInt8]]? = nil
    ) throws -> [SampleArchive.File] {
        let entry = DockerListEntry(
            config: SampleArchive.path(image.config), repoTags: tags,
            layers: image.packed.map { SampleArchive.path($0) })
        return try SampleArchive.blobs(blobs ?? image.blobs) + [
            SampleArchive.index(listed), SampleArchive.list([entry]), SampleArchive.layout,
        ]
    }

    @Test("where both formats speak of an image, it is OCI's, with the names of both")
    func preferred() async throws {
        let image = try SampleImage(1)
        let annotations = [
            "io.containerd.image.name": "docker.io/library/app:v1", "org.opencontainers.image.ref.name": "v1",
        ]
        let found = try await read(both(image, listed: [image.listed(annotations)], tags: ["app:v1", "app:v2"]))
        #expect(found.images.map(\.descriptor.digest) == [image.descriptor.digest])
        #expect(found.images.map(\.names) == [[.name("docker.io/library/app:v1"), .name("app:v2")]])
        #expect(found.unused.isEmpty)
    }

    @Test("an image that OCI's index does not list is found in Docker's list")
    func notListed() async throws {
        let image = try SampleImage(1)
        let found = try await read(both(image, listed: [], tags: nil))
        #expect(found.images.map(\.descriptor.mediaType) == [.dockerManifest])
        var files = try both(image, listed: [], tags: ["a:1"])
        let place = try #require(files.firstIndex { $0.name == "index.json" })
        files[place].content = Array(#"{"schemaVersion":2,"manifests":null}"#.utf8)
        #expect(try await read(files).images.map(\.names) == [[.name("a:1")]])
    }

    @Test("a manifest without layers, as Docker 25 wrote them, is not believed")
    func withoutLayers() async throws {
        let image = try SampleImage(1)
        let poor = try SampleImage.json(Manifest(config: SampleImage.descriptor(image.config, .ociConfig), layers: []))
        var top = SampleImage.descriptor(poor, .ociManifest)
        top.annotations = ["io.containerd.image.name": "docker.io/library/app:v1"]
        let found = try await read(
            both(image, listed: [top], tags: ["app:v1"], blobs: [poor, image.config] + image.layers))
        let only = try #require(found.images.first)
        #expect(found.images.count == 1)
        #expect(only.names == [.name("docker.io/library/app:v1")])
        #expect(only.descriptor.mediaType == .dockerManifest)
        #expect(only.blobs.count == 4)
        #expect(found.unused == [top.digest])
    }

    @Test("a name that an index of several platforms has is not given to another image with the same manifest")
    func sharedManifest() async throws {
        let image = try SampleImage(1)
        let platform = Platform(os: "linux", architecture: "amd64")
        let indexes = try ["a", "b"].map { name in
            try SampleImage.json(
                ImageIndex(manifests: [image.listed(platform: platform)], annotations: ["name": name]))
        }
        let listed = zip(indexes, ["app:a", "app:b"]).map { index, name in
            var top = SampleImage.descriptor(index, .ociIndex)
            top.annotations = ["io.containerd.image.name": name]
            return top
        }
        let found = try await read(
            both(image, listed: listed, tags: ["app:a", "app:b"], blobs: indexes + image.blobs))
        #expect(found.images.map(\.names) == [[.name("app:a")], [.name("app:b")]])
    }

    @Test("in an archive of Docker's alone a file that is called index.json is nobody's")
    func chance() async throws {
        let files = try SampleArchive.docker(SampleImage(1), ["a:1"]) + [("index.json", Array("[]".utf8))]
        #expect(try await read(files).images.count == 1)
    }
}
