import Testing

extension EndToEnd {
    /// What one node's mirror does for the clients that there are.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry")))
    struct PullTests {
        @Test(
            "skopeo copies an image through the path form of the mirror",
            .needs(.program("skopeo")))
        func skopeoPathForm() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.demo)
                _ = try await lan.registry()
                let node = try await lan.node()
                for copy in 1...2 {
                    _ = try await node.machine.run(
                        "skopeo", "--insecure-policy", "copy", "--quiet", "--src-tls-verify=false",
                        "docker://127.0.0.1:5050/registry.test/debian/demo:1", "oci:\(node.folder)/copy:\(copy)")
                }
                let bytes = try await node.status().bytes
                #expect(bytes.upstream >= image.bytes)
                #expect(bytes.upstream < image.bytes + 65_536, "the second copy comes from the node's own store")
            }
        }

        @Test("skopeo reads the agent's store as an OCI image layout", .needs(.program("skopeo")))
        func storeIsALayout() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                _ = try await lan.registry()
                let node = try await lan.node()
                let containerd = try await Containerd(on: node)
                try await containerd.pull(image.tagged())
                let stores = try await node.machine.run("find", node.dataDirectory, "-name", "index.json")
                let index = try #require(stores.split(separator: "\n").first)
                let layout = index.dropLast("/index.json".count)
                let name = try #require(
                    try JSON.decode(LayoutIndex.self, file: String(index)).manifests.compactMap {
                        $0.annotations?["org.opencontainers.image.ref.name"]
                    }.first)
                let told = try await node.machine.run(
                    "skopeo", "--insecure-policy", "inspect", "--format", "{{.Digest}}", "oci:\(layout):\(name)")
                #expect(told.contains(image.digest))
            }
        }

        private struct LayoutIndex: Decodable {
            struct Entry: Decodable { let annotations: [String: String]? }
            let manifests: [Entry]
        }

        @Test(
            "containerd pulls through hosts.toml", .needs(.program("containerd")),
            arguments: [(Fixtures.Name.demo, false), (.demo, true), (.multi, false), (.multi, true)])
        func containerdPulls(name: Fixtures.Name, byDigest: Bool) async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(name)
                _ = try await lan.registry()
                let node = try await lan.node()
                let containerd = try await Containerd(on: node)
                try await containerd.pull(byDigest ? image.pinned() : image.tagged())
                let status = try await node.status()
                #expect(status.bytes.upstream >= image.bytes)
                #expect(status.bytes.upstream < image.bytes + 65_536)
                #expect(status.store.bytes >= image.bytes)
            }
        }

        @Test(
            "podman, buildah and skopeo pull through the mirror of registries.conf",
            arguments: ["podman", "buildah", "skopeo"])
        func registriesConf(client: String) async throws {
            guard try Requirement.areMet([.program(client)]) else { return }
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let registry = try await lan.registry()
                let node = try await lan.node()
                let clients = try ContainerTools(on: node)
                try await clients.pull(image, with: client, into: "first")
                #expect(try await node.status().bytes.upstream >= image.bytes)
                try await registry.switchOff()
                try await clients.pull(image, with: client, into: "second")
                #expect(try await node.status().bytes.upstream < image.bytes + 65_536)
            }
        }

        @Test("with the agent stopped containerd pulls from the registry itself", .needs(.program("containerd")))
        func agentStopped() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                _ = try await lan.registry()
                let node = try await lan.node()
                let containerd = try await Containerd(on: node)
                #expect(try await node.stopAgent() == .code(0))
                try await containerd.pull(image.tagged())
            }
        }

        @Test("on dockerd's listener a bare name means docker.io")
        func dockerListener() async throws {
            var configuration = AgentConfiguration()
            configuration.upstreams["docker.io"] = "http://registry.test"
            try await LAN.with { lan in
                let image = try await Fixtures.image(.hubSmall)
                _ = try await lan.registry()
                let node = try await lan.node(configuration)
                let accept = ["--header", "Accept: application/vnd.oci.image.manifest.v1+json"]
                let manifest = try await node.get("http://127.0.0.1:5054/v2/library/small/manifests/1", accept)
                #expect(manifest.status == 200)
                #expect(manifest.headers["docker-content-digest"] == image.digest)
                #expect(manifest.headers["content-type"] == "application/vnd.oci.image.manifest.v1+json")
                let blob = try image.largestBlob
                let layer = try await node.get("http://127.0.0.1:5054/v2/library/small/blobs/\(blob.digest)")
                #expect(layer.body.count == blob.size)
                // The mirror's own listener keeps bare names for the local namespace.
                let bare = try await node.mirror("library/small/manifests/1", accept, namespace: nil)
                #expect(bare.status == 404)
            }
        }

        @Test(
            "a request that a web page could have made is refused",
            arguments: [
                "Host: registry.example.com", "Host: 10.77.0.11:5050", "Origin: http://localhost",
                "Sec-Fetch-Site: cross-site",
            ])
        func webPages(header: String) async throws {
            try await LAN.with { lan in
                let node = try await lan.node()
                #expect(try await node.mirror("", namespace: nil).status == 200)
                let answer = try await node.mirror("", ["--header", header], namespace: nil)
                #expect((400..<500).contains(answer.status))
                // Nor is anything pushed, on this listener or the one for Docker.
                let manifest = #"{"schemaVersion":2,"config":{},"layers":[]}"#
                let type = "Content-Type: application/vnd.oci.image.manifest.v1+json"
                for port in [5050, 5054] {
                    let repository = "http://127.0.0.1:\(port)/v2/team/app"
                    let upload = ["--request", "POST", "--header", header]
                    let begun = try await node.get("\(repository)/blobs/uploads/", upload)
                    #expect((400..<500).contains(begun.status) && begun.headers["location"] == nil, "\(port)")
                    let put = ["--request", "PUT", "--data", manifest, "--header", type, "--header", header]
                    let written = try await node.get("\(repository)/manifests/v1", put)
                    #expect((400..<500).contains(written.status), "\(port)")
                }
                #expect(try await node.local("_catalog").text.contains("team/app") == false)
                #expect(try await node.local("team/app/blobs/uploads/", "--request", "POST").status == 202)
            }
        }

        @Test("the mirror listens on loopback only")
        func loopbackOnly() async throws {
            try await LAN.with { lan in
                let node = try await lan.node()
                let other = try await lan.node()
                #expect(try await node.get("http://[::1]:5050/v2/").status == 200)
                #expect(try await other.get("http://\(node.machine.address):5050/v2/").status == 0)
                #expect(try await other.get("http://\(node.machine.address):5052/healthz").status == 0)
            }
        }
    }
}
