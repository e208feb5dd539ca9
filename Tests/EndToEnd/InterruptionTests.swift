import Foundation
import Testing

/// Pulls that are broken off in the middle of a body, in every way, and succeed all the same.
@Suite("A pull that is broken off", .serialized)
struct InterruptionTests {
    /// Two nodes with a key; the first one has the image if `seeded`.
    private func withLAN(
        seeded: Bool, _ body: (_ registry: Registry, _ agents: [Agent], _ image: String) async throws -> Void
    ) async throws {
        let image = try await Images.large()
        try await SharingTests.Cluster.with(2, key: true) { cluster in
            try await cluster.registry.push(image, as: "app:v1")
            if seeded {
                try await cluster.nodes[0].must(
                    "skopeo", "copy", "-q", "--src-tls-verify=false", "docker://127.0.0.1:5050/\(Registry.name)/app:v1",
                    "oci:\(cluster.nodes[0].directory)/copy:v1")
                let count = try await Images.manifest(image).blobs.count
                try await eventually("node 2 knows of node 1's blobs") {
                    try await cluster.agents[1].status().peers.contains { $0.blobs > count }
                }
            }
            try await body(cluster.registry, cluster.agents, image)
        }
    }

    @Test(
        "succeeds when the agent is killed in mid-body and restarted",
        .enabled(if: Requirement.met("ip", "tc", "docker-registry", "skopeo", "umoci", "containerd", "curl")))
    func agentKilled() async throws {
        try await withLAN(seeded: false) { registry, agents, image in
            try await registry.host.limitSending(to: "100mbit")
            let runtime = try await Containerd(on: agents[1].host, registry: registry)
            let pull = try runtime.beginPull("app:v1")
            try await eventually("the body is on its way") { try await agents[1].status().bytes.upstream > 20 << 20 }
            try await agents[1].end(SIGKILL)
            try await agents[1].start()
            let result = try await pull.wait(within: .seconds(120))
            #expect(result.status == 0, "\(result.err)")
            #expect(try await runtime.hasVerified(image))
        }
    }

    @Test(
        "succeeds when the peer that serves it is killed in mid-body",
        .enabled(if: Requirement.met("ip", "tc", "docker-registry", "skopeo", "umoci", "containerd", "curl")))
    func peerKilled() async throws {
        try await withLAN(seeded: true) { registry, agents, image in
            try await agents[0].host.limitSending(to: "100mbit")
            let runtime = try await Containerd(on: agents[1].host, registry: registry)
            let pull = try runtime.beginPull("app:v1")
            try await eventually("the peer is sending") { try await agents[1].status().bytes.peers > 20 << 20 }
            try await agents[0].end(SIGKILL)
            let result = try await pull.wait(within: .seconds(120))
            #expect(result.status == 0, "\(result.err)")
            #expect(try await runtime.hasVerified(image))
            #expect(try await agents[1].status().bytes.upstream > 0, "upstream gave the rest")
        }
    }

    @Test(
        "succeeds when upstream is cut for good in mid-body while a peer has the blobs",
        .enabled(if: Requirement.met("ip", "tc", "docker-registry", "skopeo", "umoci", "containerd", "curl")))
    func upstreamCut() async throws {
        try await withLAN(seeded: false) { registry, agents, image in
            try await registry.host.limitSending(to: "100mbit")
            let runtime = try await Containerd(on: agents[1].host, registry: registry)
            // Node 2 begins with upstream, since nobody else has the image yet; node 1 gets it behind its back.
            let pull = try runtime.beginPull("app:v1")
            try await eventually("the body is on its way") { try await agents[1].status().bytes.upstream > 8 << 20 }
            try await agents[0].host.must(
                "skopeo", "copy", "-q", "oci:\(image)", "oci:\(agents[0].dataDirectory)/seed:v1")
            try await agents[0].end()
            try await agents[0].host.must(
                "sh", "-c", "cp -n \(agents[0].dataDirectory)/seed/blobs/sha256/* \(agents[0].dataDirectory)/store/blobs/sha256/")
            try await agents[0].start()
            let count = try await Images.manifest(image).blobs.count
            try await eventually("node 2 knows of node 1's blobs") {
                try await agents[1].status().peers.contains { $0.blobs >= count }
            }
            try await registry.kill()
            let result = try await pull.wait(within: .seconds(120))
            #expect(result.status == 0, "\(result.err)")
            #expect(try await runtime.hasVerified(image))
            #expect(try await agents[1].status().bytes.peers > 0, "the peer gave the rest")
        }
    }

    @Test(
        "passes bytes through when the disk is full",
        .enabled(if: Requirement.met("ip", "docker-registry", "skopeo", "umoci", "curl")))
    func diskFull() async throws {
        let image = try await Images.large()
        try await LAN.with { lan in
            let registry = try await Registry(on: try await lan.host("registry", address: 100))
            try await registry.push(image, as: "app:v1")
            let node = try await lan.host("n1", address: 1)
            let data = "\(node.directory)/small-disk"
            try await Command.must(["mkdir", data])
            try await Command.must(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", data])
            let agent = try Agent(on: node, registry: registry, dataDirectory: data)
            try await agent.start()
            let copied = try await node.run(
                "skopeo", "copy", "-q", "--src-tls-verify=false", "docker://127.0.0.1:5050/\(Registry.name)/app:v1",
                "oci:\(node.directory)/copy:v1")
            #expect(copied.isSuccess, "\(copied.err)")
            let copy = try await Images.manifest("\(node.directory)/copy:v1").digest
            #expect(copy == (try await Images.manifest(image)).digest)
            try await agent.end()
        }
    }
}
