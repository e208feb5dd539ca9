import FoundationEssentials
import Testing

extension EndToEnd {
    /// Runtimes that `shoal configure` has set up, and nobody else: they pull through the mirror, from a peer when upstream is off,
    /// and from upstream when the agent is off.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry")))
    struct ConfigureTests {
        /// Who asks containerd.
        enum Client: CaseIterable {
            case ctr, cri
        }

        private func pull(_ reference: String, _ client: Client, _ containerd: Containerd) async throws {
            switch client {
            case .ctr: try await containerd.pull(reference)
            case .cri: try await containerd.pullByCRI(reference)
            }
        }

        private func configuration(_ lan: LAN) async throws -> AgentConfiguration {
            var configuration = AgentConfiguration.besideContainerd
            configuration.keyFile = try await lan.clusterKey()
            return configuration
        }

        @Test(
            "after configure, containerd pulls by tag and by digest through the mirror, and from a peer when upstream is off",
            .needs(.program("containerd")), arguments: Client.allCases, [[], ["--registry", "registry.test"]])
        func containerd(client: Client, options: [String]) async throws {
            try await LAN.with { lan in
                let (image, next) = try await (Fixtures.image(.small), Fixtures.image(.smallNext))
                let registry = try await lan.registry()
                let configuration = try await configuration(lan)
                let first = try await lan.node(configuration)
                let second = try await lan.node(configuration)
                var runtimes: [Containerd] = []
                for node in [first, second] {
                    let containerd = try await Containerd(on: node, registries: [], cri: .plain)
                    try await containerd.configure(options)
                    runtimes.append(containerd)
                }
                try await pull(image.tagged(), client, runtimes[0])
                try await pull(next.pinned(), client, runtimes[0])
                let bytes = try await first.status().bytes
                #expect(bytes.upstream >= image.bytes + (next.blobs.map(\.size).max() ?? 0))
                for digest in [image.digest, next.digest] + (image.blobs + next.blobs).map(\.digest) {
                    try await second.locates(digest, on: first)
                }
                try await registry.switchOff()
                try await pull(image.tagged(), client, runtimes[1])
                try await pull(next.pinned(), client, runtimes[1])
                let status = try await second.status()
                #expect(status.bytes.upstream == 0)
                #expect(status.bytes.peers >= image.bytes)
            }
        }

        @Test(
            "newer containerds do the same: Debian's 1.7 and 2.1, by ctr (2.1: the transfer service) and by the CRI",
            .needs(.patience, .program("debootstrap")), arguments: ["trixie", "sid"])
        func newer(suite: String) async throws {
            let made = try await Command(
                ["\(Environment.root)/deploy/lib/debian", suite, "containerd", "runc"], within: .seconds(600)
            ).run()
            let debian = try #require(made.split(separator: "\n").last.map(String.init))
            try await LAN.with { lan in
                let (image, next) = try await (Fixtures.image(.small), Fixtures.image(.smallNext))
                let registry = try await lan.registry()
                let configuration = try await configuration(lan)
                let first = try await lan.node(configuration)
                let second = try await lan.node(configuration)
                var runtimes: [Containerd] = []
                for node in [first, second] {
                    let containerd = try await Containerd(on: node, registries: [], cri: .plain, debian: debian)
                    try await containerd.configure(["--registry", "registry.test"])
                    runtimes.append(containerd)
                }
                let hosts = try String(
                    decoding: Data(
                        contentsOf: URL(filePath: runtimes[0].folder + "/certs.d/registry.test/hosts.toml")),
                    as: UTF8.self)
                #expect(hosts.contains("dial_timeout") == (suite == "sid"), "1.7 does not know that key")
                try await pull(image.tagged(), .ctr, runtimes[0])
                try await pull(next.pinned(), .cri, runtimes[0])
                #expect(try await first.status().bytes.upstream >= image.bytes)
                try await second.hears(of: first, holding: image.blobs.count + next.blobs.count + 2)
                try await registry.switchOff()
                try await pull(image.tagged(), .cri, runtimes[1])
                try await pull(next.pinned(), .ctr, runtimes[1])
                let bytes = try await second.status().bytes
                #expect(bytes.upstream == 0)
                #expect(bytes.peers >= image.bytes)
            }
        }

        @Test(
            "newer containerds pull from upstream when the agent is off",
            .needs(.patience, .program("debootstrap")), arguments: ["trixie", "sid"])
        func newerWithoutAgent(suite: String) async throws {
            let made = try await Command(
                ["\(Environment.root)/deploy/lib/debian", suite, "containerd", "runc"], within: .seconds(600)
            ).run()
            let debian = try #require(made.split(separator: "\n").last.map(String.init))
            try await LAN.with { lan in
                let (image, next) = try await (Fixtures.image(.small), Fixtures.image(.smallNext))
                _ = try await lan.registry()
                let node = try await lan.node(.besideContainerd)
                let containerd = try await Containerd(on: node, registries: [], cri: .plain, debian: debian)
                try await containerd.configure(["--registry", "registry.test"])
                try await node.killAgent()
                try await pull(image.tagged(), .ctr, containerd)
                try await pull(next.pinned(), .cri, containerd)
            }
        }

        @Test(
            "after configure, containerd pulls from upstream when the agent is off, and after --undo, too",
            .needs(.program("containerd")), arguments: Client.allCases)
        func withoutAgent(client: Client) async throws {
            try await LAN.with { lan in
                let (image, next) = try await (Fixtures.image(.small), Fixtures.image(.smallNext))
                _ = try await lan.registry()
                let node = try await lan.node(.besideContainerd)
                let containerd = try await Containerd(on: node, registries: [], cri: .plain)
                let file = containerd.folder + "/config.toml"
                let before = try Data(contentsOf: URL(filePath: file))
                try await containerd.configure(["--registry", "registry.test"])
                #expect(try Data(contentsOf: URL(filePath: file)) != before)
                try await node.killAgent()
                try await pull(image.tagged(), client, containerd)
                try await pull(next.pinned(), client, containerd)
                try await containerd.configure(["--undo"])
                #expect(try Data(contentsOf: URL(filePath: file)) == before)
                #expect(!FileManager.default.fileExists(atPath: containerd.folder + "/certs.d"))
            }
        }

        @Test(
            "after configure, podman, buildah and skopeo pull through the mirror, from a peer, and from upstream without the agent",
            arguments: ["podman", "buildah", "skopeo"])
        func podman(client: String) async throws {
            guard try Requirement.areMet([.program(client)]) else { return }
            try await LAN.with { lan in
                let (image, next) = try await (Fixtures.image(.small), Fixtures.image(.smallNext))
                let registry = try await lan.registry()
                var configuration = AgentConfiguration()
                configuration.keyFile = try await lan.clusterKey()
                let first = try await lan.node(configuration)
                let second = try await lan.node(configuration)
                let tools = try await ContainerTools(configuredOn: first)
                try await tools.pull(image, with: client, into: "first")
                #expect(try await first.status().bytes.upstream >= image.bytes)
                try await second.hears(of: first, holding: image.blobs.count + 1)
                let others = try await ContainerTools(configuredOn: second)
                try await second.killAgent()
                try await others.pull(next.pinned(), with: client, into: "without")
                try await second.startAgent()
                try await second.hears(of: first, holding: image.blobs.count + 1)
                try await registry.switchOff()
                try await others.pull(image, with: client, into: "second")
                try await others.pull(image.pinned(), with: client, into: "third")
                let bytes = try await second.status().bytes
                #expect(bytes.upstream == 0)
                #expect(bytes.peers >= image.bytes)
            }
        }
    }
}
