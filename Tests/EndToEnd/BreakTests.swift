import FoundationEssentials
import Testing

extension EndToEnd {
    /// What breaks in the middle of a blob, and the pull that goes on.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry"), .program("containerd")))
    struct BreakTests {
        /// In the middle of the demo image's three big layers, which are on their way together.
        private static let middle = 24 << 20

        /// A pull whose registry holds its bytes back when it is in mid-body.
        private static func halfPull(
            of image: Fixtures.Image, on node: Node, through proxy: FaultProxy
        ) async throws -> Child {
            let containerd = try await Containerd(on: node)
            proxy.set(.hold(after: middle))
            let pull = try containerd.startPull(image.tagged())
            try await eventually("the pull is in mid-body", within: .seconds(30)) { proxy.forwarded >= middle }
            return pull
        }

        @Test("a pull survives the agent being killed in mid-body and started again")
        func agentKilled() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.demo)
                _ = try await lan.registry()
                try await FaultProxy.with { proxy in
                    var configuration = AgentConfiguration()
                    configuration.upstreams = ["registry.test": "http://proxy.test"]
                    let node = try await lan.node(configuration)
                    let pull = try await Self.halfPull(of: image, on: node, through: proxy)
                    try await node.killAgent()
                    proxy.set(.none)
                    try await node.startAgent()
                    #expect(try await pull.wait(within: .seconds(120)) == .code(0))
                    // What the killed one left does no harm: the new one gives the same image whole.
                    try await node.copyThroughMirror(image)
                }
            }
        }

        @Test("a pull survives the serving peer being killed in mid-body", .needs(.program("tc")))
        func peerKilled() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.demo)
                _ = try await lan.registry()
                let nodes = try await lan.trustedNodes(2)
                try await Containerd(on: nodes[0]).pull(image.tagged())
                try await nodes[1].hears(of: nodes[0], holding: image.blobs.count + 1)
                let containerd = try await Containerd(on: nodes[1])
                try await nodes[0].machine.limitUplink(megabitsPerSecond: 300)
                let pull = try containerd.startPull(image.tagged())
                try await eventually("the pull is in mid-body", within: .seconds(30)) {
                    try await nodes[1].status().bytes.peers > Self.middle
                }
                try await nodes[0].killAgent()
                #expect(try await pull.wait(within: .seconds(120)) == .code(0))
                let bytes = try await nodes[1].status().bytes
                #expect(bytes.upstream > 0)
                #expect(
                    bytes.peers + bytes.upstream < image.bytes + image.bytes / 10,
                    "upstream goes on where the peer broke off")
            }
        }

        @Test("a pull survives upstream being cut for good in mid-body while a peer has the blob")
        func upstreamCut() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.demo)
                _ = try await lan.registry()
                try await FaultProxy.with { proxy in
                    var configuration = AgentConfiguration()
                    configuration.keyFile = try await lan.clusterKey()
                    let holder = try await lan.node(configuration)
                    try await Containerd(on: holder).pull(image.tagged())
                    try await holder.machine.plug(false)

                    configuration.upstreams = ["registry.test": "http://proxy.test"]
                    let node = try await lan.node(configuration)
                    let pull = try await Self.halfPull(of: image, on: node, through: proxy)
                    try await holder.machine.plug(true)
                    try await node.hears(of: holder, holding: image.blobs.count + 1)
                    proxy.set(.cut(after: 0))
                    #expect(try await pull.wait(within: .seconds(120)) == .code(0))
                    let bytes = try await node.status().bytes
                    #expect(bytes.peers > 0)
                    #expect(bytes.upstream <= Self.middle)
                }
            }
        }

        @Test(
            "upstream breaking off once in mid-body is resumed where it broke", arguments: [1 << 20, 24 << 20])
        func upstreamBreaks(after bytes: Int) async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.demo)
                _ = try await lan.registry()
                try await FaultProxy.with { proxy in
                    var configuration = AgentConfiguration()
                    configuration.upstreams = ["registry.test": "http://proxy.test"]
                    let node = try await lan.node(configuration)
                    let containerd = try await Containerd(on: node)
                    proxy.set(.cut(after: bytes))
                    let pull = try containerd.startPull(image.tagged())
                    try await eventually("the proxy broke off", within: .seconds(30)) { proxy.forwarded >= bytes }
                    proxy.set(.none)
                    #expect(try await pull.wait(within: .seconds(120)) == .code(0))
                }
            }
        }

        @Test("an upstream that falls silent in mid-body is left for a peer that has the blob", .needs(.patience))
        func upstreamSilent() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.demo)
                _ = try await lan.registry()
                try await FaultProxy.with { proxy in
                    var configuration = AgentConfiguration()
                    configuration.keyFile = try await lan.clusterKey()
                    let holder = try await lan.node(configuration)
                    try await Containerd(on: holder).pull(image.tagged())
                    try await holder.machine.plug(false)

                    configuration.upstreams = ["registry.test": "http://proxy.test"]
                    let node = try await lan.node(configuration)
                    let pull = try await Self.halfPull(of: image, on: node, through: proxy)
                    try await holder.machine.plug(true)
                    #expect(try await pull.wait(within: .seconds(180)) == .code(0))
                    #expect(try await node.status().bytes.peers > 0)
                }
            }
        }

        @Test("a full disk passes bytes through")
        func fullDisk() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.demo)
                _ = try await lan.registry()
                let disk = lan.folder.path + "/disk"
                try await lan.mountTmpfs(at: disk, megabytes: 24)
                var configuration = AgentConfiguration()
                configuration.dataDirectory = disk
                let node = try await lan.node(configuration)
                try await Containerd(on: node).pull(image.tagged())
                #expect(try await node.status().bytes.upstream >= image.bytes, "the mirror passed it through")
                #expect(try node.agent.isRunning)
            }
        }

        @Test("a limit on the size of files ends no agent, and passes bytes through")
        func limitedFiles() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.demo)
                _ = try await lan.registry()
                var configuration = AgentConfiguration()
                configuration.launcher = ["prlimit", "--fsize=\(8 << 20)"]
                let node = try await lan.node(configuration)
                try await Containerd(on: node).pull(image.tagged())
                #expect(try await node.status().bytes.upstream >= image.bytes, "the mirror passed it through")
                #expect(try node.agent.isRunning)
            }
        }

        @Test("an unreachable upstream costs a pull that a peer can serve one short check")
        func unreachableUpstream() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let registry = try await lan.registry()
                let nodes = try await lan.trustedNodes(2)
                try await Containerd(on: nodes[0]).pull(image.tagged())
                try await nodes[1].hears(of: nodes[0], holding: image.blobs.count + 1)
                let containerd = try await Containerd(on: nodes[1])
                // A registry that swallows every packet is worse than one that refuses.
                try await Command([
                    "nsenter", "--net=/run/netns/registry", "nft",
                    "add table ip t; add chain ip t c { type filter hook input priority 0; policy drop; }",
                ]).run()
                let took = try await containerd.pull(image.tagged())
                report("a pull while upstream swallows every packet", took)
                #expect(took < .seconds(5))
                _ = registry
            }
        }
    }
}

extension Node {
    /// Copies the image out of the mirror with skopeo, which checks every digest.
    func copyThroughMirror(_ image: Fixtures.Image, at registry: String = "registry.test") async throws {
        _ = try await machine.run(
            "skopeo", "--insecure-policy", "copy", "--quiet", "--src-tls-verify=false",
            "docker://127.0.0.1:5050/" + image.tagged(at: registry), "oci:\(folder)/copy:1")
    }
}
