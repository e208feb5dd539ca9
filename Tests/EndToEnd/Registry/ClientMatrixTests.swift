import FoundationEssentials
import Testing

extension EndToEnd {
    /// The local namespace as the clients that people have push to it on one node and pull from it on another.
    @Suite(
        .serialized,
        .needs(
            .root, .sandbox, .agent, .program("docker-registry"), .program("skopeo"), .program("podman"),
            .program("buildah"), .program("umoci"), .program("containerd"), .program("openssl")))
    struct ClientMatrixTests {
        private static let name = "localhost:5050/team/app:v1"

        @Test(
            "an image that podman or buildah made and pushed is the same image where it is pulled",
            arguments: [("podman", "podman"), ("podman", "buildah"), ("buildah", "podman"), ("buildah", "buildah")])
        func containerTools(pusher: String, puller: String) async throws {
            try await LAN.with { lan in
                let nodes = try await lan.members(2)
                let (here, there) = (try ContainerTools(on: nodes[0]), try ContainerTools(on: nodes[1]))
                let marker = nodes[0].folder + "/marker"
                try Data("made on \(nodes[0].name)".utf8).write(to: URL(filePath: marker))
                let container = try await here.run("buildah", in: "a", "from", "scratch")
                try await here.run("buildah", in: "a", "copy", "--quiet", container, marker, "/marker")
                try await here.run("buildah", in: "a", "commit", "--quiet", container, Self.name)
                try await here.run(pusher, in: "a", "push", "--tls-verify=false", "--quiet", Self.name)
                let digest = try #require(try await nodes[0].digest(of: "team/app", "v1"))
                try await nodes[1].means(digest, by: "team/app", "v1")
                try await there.run(puller, in: "b", "pull", "--tls-verify=false", "--quiet", Self.name)
                let id = ["inspect", "--format", puller == "podman" ? "{{.Id}}" : "{{.FromImageID}}"]
                let pulled =
                    puller == "podman"
                    ? try await there.run("podman", in: "b", "image", id[0], id[1], id[2], Self.name)
                    : try await there.run("buildah", in: "b", id[0], "--type", "image", id[1], id[2], Self.name)
                let manifest = try await nodes[1].local("team/app/manifests/v1").text
                #expect(manifest.contains(pulled), "its configuration is what the manifest names")
                let other = try await there.run("buildah", in: "b", "from", "--pull-never", Self.name)
                let root = try await there.run("buildah", in: "b", "mount", other)
                let said = FileManager.default.contents(atPath: root + "/marker").map {
                    String(decoding: $0, as: UTF8.self)
                }
                #expect(said == "made on \(nodes[0].name)")
            }
        }

        @Test("an image that containerd has is pushed by ctr, and pulled by ctr on another node")
        func containerd() async throws {
            try await LAN.with { lan in
                let nodes = try await lan.members(2)
                let (here, there) = (try await Containerd(on: nodes[0]), try await Containerd(on: nodes[1]))
                let image = try await here.importImage("docker.io/library/app:1", layers: 3)
                try await here.run("images", "tag", "docker.io/library/app:1", Self.name)
                try await here.run("images", "push", "--plain-http", Self.name)
                try await nodes[1].means(image.digest, by: "team/app", "v1")
                try await there.run("images", "pull", "--plain-http", Self.name)
                #expect(try await there.content() == here.content())
                #expect(try await there.content().isSuperset(of: image.layers + [image.digest]))
            }
        }

        @Test("an image that umoci made is pushed by skopeo, and unpacked by umoci where it is pulled")
        func umoci() async throws {
            try await LAN.with { lan in
                let nodes = try await lan.members(2)
                let (here, there) = (nodes[0].folder, nodes[1].folder)
                try Data("inside".utf8).write(to: URL(filePath: here + "/file"))
                try await nodes[0].machine.run("umoci", "init", "--layout", here + "/layout")
                try await nodes[0].machine.run("umoci", "new", "--image", here + "/layout:v1")
                try await nodes[0].machine.run(
                    "umoci", "insert", "--image", here + "/layout:v1", here + "/file", "/file")
                try await nodes[0].skopeo(
                    "copy", "--quiet", "--dest-tls-verify=false", "oci:\(here)/layout:v1", "docker://" + Self.name)
                let digest = try #require(try await nodes[0].digest(of: "team/app", "v1"))
                try await nodes[1].means(digest, by: "team/app", "v1")
                try await nodes[1].skopeo(
                    "copy", "--quiet", "--src-tls-verify=false", "docker://" + Self.name, "oci:\(there)/layout:v1")
                try await nodes[1].machine.run(
                    "umoci", "raw", "unpack", "--image", there + "/layout:v1", there + "/root")
                #expect(FileManager.default.contents(atPath: there + "/root/file") == Data("inside".utf8))
            }
        }

        @Test("an index is pushed with all its platforms, and is the same index on another node")
        func index() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.multi)
                let registry = try await lan.registry()
                let nodes = try await lan.members(2)
                try await nodes[0].push(image, as: "team/app:v1")
                try await registry.switchOff()
                try await nodes[1].means(image.digest, by: "team/app", "v1")
                let copy = "oci:\(nodes[1].folder)/copy:v1"
                try await nodes[1].skopeo(
                    "copy", "--quiet", "--all", "--src-tls-verify=false", "docker://" + Self.name, copy)
                let raw = try await nodes[1].skopeo("inspect", "--raw", copy)
                #expect(raw == (try await nodes[0].local("team/app/manifests/v1").text))
                for blob in image.blobs {
                    #expect(try await nodes[1].local("team/app/blobs/\(blob.digest)", "--head").status == 200)
                }
            }
        }

        @Test("layers that skopeo packed with zstd are pulled and unpacked by containerd on another node")
        func zstd() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                _ = try await lan.registry()
                let nodes = try await lan.members(2)
                try await nodes[0].skopeo(
                    "copy", "--quiet", "--src-tls-verify=false", "--dest-tls-verify=false", "--dest-compress-format",
                    "zstd",
                    "--format", "oci", "docker://127.0.0.1:5050/registry.test/\(image.repository):\(image.tag)",
                    "docker://" + Self.name)
                let digest = try #require(try await nodes[0].digest(of: "team/app", "v1"))
                let text = try await nodes[0].local("team/app/manifests/v1").text
                #expect(text.contains("application/vnd.oci.image.layer.v1.tar+zstd"))
                try await nodes[1].means(digest, by: "team/app", "v1")
                let containerd = try await Containerd(on: nodes[1])
                try await containerd.run("images", "pull", "--plain-http", Self.name)
            }
        }

        @Test(
            "an image that skopeo encrypted for a key is pulled on another node, and opens there with the key and not without"
        )
        func encrypted() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                _ = try await lan.registry()
                let nodes = try await lan.members(2)
                let key = lan.folder.path + "/key.pem"
                try await Command(["openssl", "genrsa", "-out", key, "2048"]).run()
                try await Command(["openssl", "rsa", "-in", key, "-pubout", "-out", key + ".pub"]).run()
                try await nodes[0].skopeo(
                    "copy", "--quiet", "--src-tls-verify=false", "--dest-tls-verify=false", "--encryption-key",
                    "jwe:\(key).pub", "--format", "oci",
                    "docker://127.0.0.1:5050/registry.test/\(image.repository):\(image.tag)", "docker://" + Self.name)
                let digest = try #require(try await nodes[0].digest(of: "team/app", "v1"))
                let text = try await nodes[0].local("team/app/manifests/v1").text
                #expect(text.contains("+encrypted"))
                try await nodes[1].means(digest, by: "team/app", "v1")
                let plain = "oci:\(nodes[1].folder)/plain:v1"
                try await nodes[1].skopeo(
                    "copy", "--quiet", "--src-tls-verify=false", "--decryption-key", key, "docker://" + Self.name, plain
                )
                let layer = try image.largestBlob.digest
                #expect(try await nodes[1].skopeo("inspect", "--raw", plain).contains(layer))
                await #expect(throws: (any Error).self) {
                    let other = lan.folder.path + "/other.pem"
                    try await Command(["openssl", "genrsa", "-out", other, "2048"]).run()
                    try await nodes[1].skopeo(
                        "copy", "--quiet", "--src-tls-verify=false", "--decryption-key", other, "docker://" + Self.name,
                        "oci:\(nodes[1].folder)/no:v1")
                }
            }
        }

        @Test(
            "an eStargz layer that was pushed on one node is read in part on another, which fetches no more than that")
        func lazily() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.lazy)
                let registry = try await lan.registry()
                let nodes = try await lan.members(2)
                try await nodes[0].push(image, as: "\(image.repository):v1")
                try await registry.switchOff()
                try await nodes[1].means(image.digest, by: image.repository, "v1")
                try await LazyReader(node: nodes[1], image: image).mountAndRead()
                let bytes = try await nodes[1].status().bytes
                #expect(bytes.upstream == 0)
                #expect(bytes.peers > 4_000_000)
                #expect(bytes.peers < image.bytes / 4)
            }
        }
    }
}
