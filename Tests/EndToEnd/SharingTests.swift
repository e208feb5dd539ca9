import Foundation
import Testing

/// Several nodes of a LAN.
@Suite("Nodes of a LAN", .serialized)
struct SharingTests {
    /// A LAN with a registry, nodes with agents, and a cluster key if wanted.
    struct Cluster {
        var registry: Registry
        var nodes: [Host]
        var agents: [Agent]

        static func with<T>(
            _ count: Int, key: Bool, credential: String? = nil, _ body: (Cluster) async throws -> T
        ) async throws -> T {
            try await LAN.with { lan in
                let registry = try await Registry(on: try await lan.host("registry", address: 100), credential: credential)
                var keyFile: String?
                if key {
                    keyFile = "\(lan.directory)/cluster.key"
                    try await Command.must([Requirement.shoal, "keygen", "\(lan.directory)/cluster.key"])
                }
                var nodes: [Host] = []
                var agents: [Agent] = []
                for number in 1...count {
                    let node = try await lan.host("n\(number)", address: number)
                    nodes.append(node)
                    agents.append(try Agent(on: node, registry: registry, key: keyFile))
                }
                for agent in agents { try await agent.start() }
                let took = try await eventually("all nodes see each other", within: .seconds(10)) {
                    for agent in agents {
                        guard try await agent.sees(count - 1) else { return false }
                    }
                    return true
                }
                print("\(count) nodes found each other within \(took)")
                return try await body(Cluster(registry: registry, nodes: nodes, agents: agents))
            }
        }
    }

    @Test(
        "three nodes share an image although its registry has been switched off",
        .enabled(if: Requirement.met("ip", "docker-registry", "skopeo", "umoci", "containerd", "curl")))
    func registryOff() async throws {
        let image = try await Images.large()
        let bytes = try await Images.bytes(image)
        try await Cluster.with(3, key: true) { cluster in
            try await cluster.registry.push(image, as: "app:v1")
            let sentBefore = try await cluster.registry.host.sentBytes()
            let first = try await Containerd(on: cluster.nodes[0], registry: cluster.registry)
            let pulled = try await first.pull("app:v1")
            #expect(pulled.isSuccess, "\(pulled.err)")
            let upstream = try await cluster.agents[0].status().bytes.upstream
            #expect(upstream >= bytes && Double(upstream) < 1.01 * Double(bytes), "one copy")
            #expect(Double(try await cluster.registry.host.sentBytes() - sentBefore) < 1.06 * Double(bytes))

            let blobs = try await cluster.agents[0].status().shared.blobs
            let took = try await eventually("the others know of the new blobs") {
                for agent in cluster.agents.dropFirst() {
                    guard try await agent.status().peers.contains(where: { $0.blobs == blobs }) else { return false }
                }
                return true
            }
            print("new blobs were known everywhere within \(took)")
            try await cluster.registry.kill()

            for number in [1, 2] {
                let runtime = try await Containerd(on: cluster.nodes[number], registry: cluster.registry)
                let pulled = try await runtime.pull("app:v1")
                #expect(pulled.isSuccess, "\(pulled.err)")
                #expect(try await runtime.hasVerified(image))
                let status = try await cluster.agents[number].status()
                #expect(status.bytes.upstream == 0)
                #expect(status.bytes.peers >= bytes)
            }
            let located = try await cluster.agents[2].shoal("locate", "\(Registry.name)/app:v1")
            #expect(located.status == 0)
            #expect(try await cluster.agents[2].shoal("locate", "\(Registry.name)/nothing:v1").status == 1)
        }
    }

    @Test(
        "without a cluster key public content goes by digest, and tags of others are not believed",
        .enabled(if: Requirement.met("ip", "docker-registry", "skopeo", "umoci", "curl")))
    func withoutKey() async throws {
        let image = try await Images.small()
        let manifest = try await Images.manifest(image)
        try await Cluster.with(2, key: false) { cluster in
            try await cluster.registry.push(image, as: "app:v1")
            let path = "docker://127.0.0.1:5050/\(Registry.name)/app:v1"
            let copied = try await cluster.nodes[0].run(
                "skopeo", "copy", "-q", "--src-tls-verify=false", path, "oci:\(cluster.nodes[0].directory)/copy:v1")
            #expect(copied.isSuccess, "\(copied.err)")
            try await eventually("node 2 knows of node 1's blobs") {
                try await cluster.agents[1].status().peers.contains { $0.blobs >= manifest.blobs.count + 1 }
            }
            try await cluster.registry.kill()
            let ns = "?ns=\(Registry.name)"
            let byTag = try await cluster.agents[1].get("/v2/app/manifests/v1\(ns)")
            #expect(byTag.status == 404)
            let byDigest = try await cluster.agents[1].get("/v2/app/manifests/\(manifest.digest)\(ns)")
            #expect(byDigest.status == 200)
            for blob in manifest.blobs {
                let answer = try await cluster.agents[1].get("/v2/app/blobs/\(blob.digest)\(ns)")
                #expect(answer.status == 200)
            }
            #expect(try await cluster.agents[1].status().bytes.upstream == 0)
        }
    }

    @Test(
        "a private image is not offered without a key, and what the agent lacks credentials for is a 404 that containerd overcomes",
        .enabled(if: Requirement.met("ip", "docker-registry", "skopeo", "umoci", "containerd", "htpasswd", "curl")))
    func privateImage() async throws {
        let image = try await Images.small()
        let credential = "user:secret-word"
        try await LAN.with { lan in
            let registry = try await Registry(on: try await lan.host("registry", address: 100), credential: credential)
            try await registry.push(image, as: "app:v1", credential: credential)
            let first = try await lan.host("n1", address: 1)
            let password = try first.write("secret-word\n", to: "password")
            let holder = try Agent(on: first, registry: nil, extra: """
                [upstream."\(Registry.name)"]
                url = "\(registry.url)"
                plain_http = true
                username = "user"
                password_file = "\(password)"
                """)
            try await holder.start()
            let second = try await lan.host("n2", address: 2)
            let other = try Agent(on: second, registry: registry)
            try await other.start()
            try await eventually("the nodes see each other") { try await other.sees(1) }
            let copied = try await first.run(
                "skopeo", "copy", "-q", "--src-tls-verify=false", "docker://127.0.0.1:5050/\(Registry.name)/app:v1",
                "oci:\(first.directory)/copy:v1")
            #expect(copied.isSuccess, "\(copied.err)")
            #expect(try await holder.status().shared.blobs == 0)

            let answer = try await other.get("/v2/app/manifests/v1?ns=\(Registry.name)")
            #expect(answer.status == 404)
            #expect(answer.headers["www-authenticate"] == nil)
            let runtime = try await Containerd(on: second, registry: registry)
            let pulled = try await runtime.pull("app:v1", "--user", credential)
            #expect(pulled.isSuccess, "\(pulled.err)")
            #expect(!holder.log.contains("secret-word"))
        }
    }

    @Test(
        "a node that is stopped says goodbye, and is forgotten at once",
        .enabled(if: Requirement.met("ip", "docker-registry", "curl")))
    func goodbye() async throws {
        try await Cluster.with(2, key: false) { cluster in
            #expect(try await cluster.agents[0].end() == 0)
            let took = try await eventually("node 2 has forgotten node 1", within: .seconds(3)) {
                try await cluster.agents[1].status().peers.isEmpty
            }
            print("a goodbye was heard within \(took)")
        }
    }
}
