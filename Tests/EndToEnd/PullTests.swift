import Foundation
import Testing

/// One node in front of a registry.
@Suite("A node in front of a registry", .serialized)
struct PullTests {
    @Test(
        "skopeo copies an image through the mirror with the registry in the path, and the store is a layout that skopeo reads",
        .enabled(if: Requirement.met("ip", "docker-registry", "skopeo", "umoci", "busybox", "curl")))
    func pathForm() async throws {
        let image = try await Images.small()
        try await LAN.with { lan in
            let registry = try await Registry(on: try await lan.host("registry", address: 100))
            try await registry.push(image, as: "team/app:v1")
            let node = try await lan.host("n1", address: 1)
            let agent = try Agent(on: node, registry: registry)
            try await agent.start()
            try await node.must(
                "skopeo", "copy", "-q", "--src-tls-verify=false", "docker://127.0.0.1:5050/\(Registry.name)/team/app:v1",
                "oci:\(node.directory)/copy:v1")
            let original = try await Images.manifest(image)
            let copy = try await Images.manifest("\(node.directory)/copy:v1")
            #expect(copy.digest == original.digest)
            let stored = try await node.must(
                "skopeo", "inspect", "--format", "{{.Digest}}", "oci:\(agent.dataDirectory)/store:\(Registry.name)/team/app:v1")
            #expect(stored.out.contains(original.digest))
            let status = try await agent.status()
            #expect(status.bytes.upstream >= original.blobs.reduce(0) { $0 + $1.size })
            #expect(try await agent.end() == 0)
            #expect(agent.log.contains("pulled"))
        }
    }

    @Test(
        "containerd pulls by tag and by digest through hosts.toml, runs the image, and goes upstream when the agent is stopped",
        .enabled(if: Requirement.met("ip", "docker-registry", "skopeo", "umoci", "containerd", "runc", "curl")))
    func containerd() async throws {
        let image = try await Images.small()
        let manifest = try await Images.manifest(image)
        try await LAN.with { lan in
            let registry = try await Registry(on: try await lan.host("registry", address: 100))
            try await registry.push(image, as: "app:v1")
            try await registry.push(image, as: "app:v2")
            let node = try await lan.host("n1", address: 1)
            let agent = try Agent(on: node, registry: registry)
            try await agent.start()
            let runtime = try await Containerd(on: node, registry: registry)

            let byTag = try await runtime.pull("app:v1")
            #expect(byTag.isSuccess, "\(byTag.err)")
            #expect(try await runtime.hasVerified(image))
            let byDigest = try await runtime.pull("app@\(manifest.digest)")
            #expect(byDigest.isSuccess, "\(byDigest.err)")
            let container = try await runtime.runContainer("app:v1")
            #expect(container.out.contains("hello from shoal"), "\(container.err)")
            let status = try await agent.status()
            #expect(status.bytes.upstream > 0, "the mirror was not used")

            try await agent.end()
            let without = try await runtime.pull("app:v2")
            #expect(without.isSuccess, "\(without.err)")
        }
    }

    @Test(
        "podman and buildah pull through a mirror in registries.conf",
        .enabled(if: Requirement.met("ip", "docker-registry", "skopeo", "umoci", "podman", "buildah", "curl")),
        arguments: ["podman", "buildah"])
    func registriesConf(client: String) async throws {
        let image = try await Images.small()
        try await LAN.with { lan in
            let registry = try await Registry(on: try await lan.host("registry", address: 100))
            try await registry.push(image, as: "app:v1")
            let node = try await lan.host("n1", address: 1)
            let agent = try Agent(on: node, registry: registry)
            try await agent.start()
            let conf = try node.write(
                """
                [[registry]]
                prefix = "\(Registry.name)"
                location = "\(Registry.name)"
                [[registry.mirror]]
                location = "127.0.0.1:5050/\(Registry.name)"
                insecure = true
                """, to: "registries.conf")
            let policy = try node.write(#"{"default":[{"type":"insecureAcceptAnything"}]}"#, to: "policy.json")
            let storage = ["--root", "\(node.directory)/\(client)", "--runroot", "\(node.directory)/\(client)-run", "--storage-driver", "vfs"]
            let pulled = try await Command.run(
                node.command([client] + storage + ["pull", "--signature-policy", policy, "\(Registry.name)/app:v1"]),
                environment: ["CONTAINERS_REGISTRIES_CONF": conf])
            #expect(pulled.isSuccess, "\(pulled.err)")
            #expect(try await agent.status().bytes.upstream > 0, "the mirror was not used")
        }
    }

    @Test(
        "the listener for dockerd takes bare names as docker.io's",
        .enabled(if: Requirement.met("ip", "docker-registry", "skopeo", "umoci", "curl")))
    func dockerListener() async throws {
        let image = try await Images.small()
        let manifest = try await Images.manifest(image)
        try await LAN.with { lan in
            let registry = try await Registry(on: try await lan.host("registry", address: 100))
            try await registry.push(image, as: "library/app:v1")
            let node = try await lan.host("n1", address: 1)
            let agent = try Agent(
                on: node, registry: registry,
                extra: "[upstream.\"docker.io\"]\nurl = \"\(registry.url)\"\nplain_http = true\n")
            try await agent.start()
            let accept = "Accept: application/vnd.oci.image.manifest.v1+json"
            let docker = try await agent.get("/v2/library/app/manifests/v1", port: 5054, options: ["-H", accept])
            #expect(docker.status == 200)
            #expect(docker.headers["docker-content-digest"] == manifest.digest)
            #expect(docker.headers["content-type"] == "application/vnd.oci.image.manifest.v1+json")
            let mirror = try await agent.get("/v2/library/app/manifests/v1", options: ["-H", accept])
            #expect(mirror.status == 404, "a bare name belongs to the local namespace, and to nothing else")
        }
    }

    @Test(
        "two hundred parallel ranges of a cold 1 GiB blob cause one download, in less than 96 MiB of memory",
        .enabled(if: Requirement.met("ip", "docker-registry", "skopeo", "curl")))
    func parallelRanges() async throws {
        let image = try await Images.huge()
        let blob = try #require(try await Images.manifest(image).blobs.max { $0.size < $1.size })
        try await LAN.with { lan in
            let registry = try await Registry(on: try await lan.host("registry", address: 100))
            try await registry.push(image, as: "huge:v1")
            let node = try await lan.host("n1", address: 1)
            let agent = try Agent(on: node, registry: registry)
            try await agent.start()
            let before = try await registry.host.sentBytes()
            let part = blob.size / 200 + 1
            let script = """
                seq 0 199 | xargs -P 200 -I N sh -c 'first=$((N * \(part))); last=$((first + \(part) - 1)); \
                curl -sf --max-time 240 -r "$first-$last" -o "\(node.directory)/part-N" \
                "http://127.0.0.1:5050/v2/huge/blobs/\(blob.digest)?ns=\(Registry.name)"'
                """
            let fetched = try await node.run("sh", "-c", script, within: .seconds(300))
            #expect(fetched.isSuccess, "\(fetched.err)")
            let sum = try await node.must(
                "sh", "-c", "cd \(node.directory) && cat $(seq -f 'part-%.0f' 0 199) | sha256sum", within: .seconds(120))
            #expect(blob.digest == "sha256:" + sum.out.prefix(64))
            let status = try await agent.status()
            print("200 ranges: upstream \(status.bytes.upstream) bytes, peak memory \(agent.peakMemory >> 20) MiB")
            #expect(Double(status.bytes.upstream) <= 1.02 * Double(blob.size))
            #expect(Double(try await registry.host.sentBytes() - before) <= 1.06 * Double(blob.size), "with headers of TCP")
            #expect(agent.peakMemory < 96 << 20)
        }
    }
}
