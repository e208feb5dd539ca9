import Testing

extension EndToEnd {
    /// What is wrong about a containerd is said, and costs no more than its content.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry"), .program("containerd")))
    struct RuntimeTroubleTests {
        @Test(
            "a socket that is no containerd is named in a warning, until a containerd is there",
            arguments: Impostor.allCases)
        func impostor(_ impostor: Impostor) async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                _ = try await lan.registry()
                var configuration = AgentConfiguration.besideContainerd
                configuration.keyFile = try await lan.clusterKey()
                let node = try await lan.idleNode(configuration)
                let address = Containerd.address(in: node.folder)
                try await Command(["mkdir", node.folder + "/containerd"]).run()
                try await impostor.listening(at: address) {
                    try await node.startAgent()
                    try await eventually("a warning names the socket", within: .seconds(20)) {
                        try await node.status().warnings.contains { $0.contains(address) }
                    }
                    print("  said:", try await node.status().warnings.joined(separator: "\n"))
                    let manifest = "debian/small/manifests/\(image.digest)"
                    #expect(try await node.mirror(manifest).status == 200, "the mirror goes on")
                }
                let containerd = try await Containerd(on: node)
                let imported = try await containerd.importImage("registry.test/team/app:1")
                try await eventually("the agent shares what containerd holds", within: .seconds(20)) {
                    try await node.status().shared.blobs >= imported.blobs
                }
                try await eventually("the warning is gone") {
                    try await !node.status().warnings.contains { $0.contains(address) }
                }
            }
        }

        @Test("where the files cannot be read, containerd reads them out: a root that does not exist")
        func missingRoot() async throws {
            var configuration = AgentConfiguration.besideContainerd
            configuration.runtime?.root = "/nonexistent/containerd"
            try await sharesByReadingOut(configuration, hidesRoot: false, warning: "/nonexistent/containerd")
        }

        @Test("where the files cannot be read, containerd reads them out: a root in another mount namespace")
        func foreignRoot() async throws {
            try await sharesByReadingOut(.besideContainerd, hidesRoot: true, warning: "/containerd/root")
        }

        private func sharesByReadingOut(
            _ configuration: AgentConfiguration, hidesRoot: Bool, warning: String
        ) async throws {
            try await LAN.with { [configuration] lan in
                var configuration = configuration
                configuration.keyFile = try await lan.clusterKey()
                let holder = try await lan.idleNode(configuration)
                let containerd = try await Containerd(on: holder)
                let image = try await containerd.importImage("registry.test/team/app:1", layerBytes: 5 << 20)
                try await holder.startAgent(hiding: hidesRoot ? Containerd.root(in: holder.folder) : nil)
                configuration.runtime = nil
                let other = try await lan.node(configuration)
                for digest in [image.digest] + image.layers { try await other.locates(digest, on: holder) }
                try await Containerd(on: other).pull(image.reference)
                let bytes = try await other.status().bytes
                #expect(bytes.upstream == 0)
                #expect(bytes.peers >= image.bytes)
                let warnings = try await holder.status().warnings
                #expect(warnings.contains { $0.contains(warning) }, "\(warnings)")
            }
        }

        @Test("events of unknown types and labels that make no sense are passed over, and said once")
        func nonsense() async throws {
            try await LAN.with { lan in
                var configuration = AgentConfiguration.besideContainerd
                configuration.keyFile = try await lan.clusterKey()
                let node = try await lan.idleNode(configuration)
                let containerd = try await Containerd(on: node)
                let image = try await containerd.importImage("registry.test/team/app:1")
                let label = "containerd.io/distribution.source.not/a/registry"
                try await containerd.run("content", "label", image.digest, label + "=Not A Repository")
                try await node.startAgent()
                let other = try await lan.node(configuration)
                try await other.locates(image.digest, on: node)

                try await containerd.publish(topic: "/shoal/nonsense")
                // Events come in order: this one is heard after the strange one.
                let later = try await containerd.importImage("registry.test/team/later:1")
                try await other.locates(later.digest, on: node)
                #expect(try await other.holders(of: image.digest) == [node.name])
                let said = try node.log().split(separator: "\n").filter { $0.contains(label) }
                #expect(said.count == 1, "\(said)")
            }
        }
    }
}
