import FoundationEssentials

/// A containerd of a node's own, with a hosts.toml that names the node's agent first and the registry after it.
final class Containerd: Sendable {
    private let node: Node
    private let folder: String
    private let address: String

    /// Starts it, and returns when it answers.
    init(on node: Node, registries: [String] = ["registry.test", "private.test"]) async throws {
        self.node = node
        folder = node.folder + "/containerd"
        address = folder + "/sock"
        for registry in registries {
            let hosts = "\(folder)/certs.d/\(registry)"
            try FileManager.default.createDirectory(atPath: hosts, withIntermediateDirectories: true)
            let text = """
                server = "http://\(registry)"

                [host."http://127.0.0.1:5050"]
                  capabilities = ["pull", "resolve"]

                """
            try Data(text.utf8).write(to: URL(filePath: hosts + "/hosts.toml"))
        }
        let config = """
            version = 2
            root = "\(folder)/root"
            state = "\(folder)/state"
            disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.aufs",
              "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
              "io.containerd.snapshotter.v1.zfs"]
            [grpc]
              address = "\(address)"
            [plugins."io.containerd.internal.v1.opt"]
              path = "\(folder)/opt"

            """
        try Data(config.utf8).write(to: URL(filePath: folder + "/config.toml"))
        _ = try node.lan.start(
            ["containerd", "--config", folder + "/config.toml"], on: node.machine, log: folder + "/containerd.log")
        try await eventually("containerd on \(node.name) answers", within: .seconds(30)) {
            try await Command(node.machine.command(ctr(["version"]))).result().succeeded
        }
    }

    private func ctr(_ arguments: [String]) -> [String] {
        ["ctr", "--address", address] + arguments
    }

    private func pullCommand(_ reference: String, _ options: [String]) -> [String] {
        ctr(["images", "pull", "--hosts-dir", folder + "/certs.d"] + options + [reference])
    }

    /// Pulls, unpacks, and returns how long it took.
    @discardableResult
    func pull(_ reference: String, _ options: String..., within limit: Duration = .seconds(180)) async throws
        -> Duration
    {
        let start = ContinuousClock.now
        try await Command(node.machine.command(pullCommand(reference, options)), within: limit).run()
        return .now - start
    }

    /// A pull that must not succeed, by what it said.
    func failingPull(_ reference: String) async throws -> String? {
        let result = try await Command(node.machine.command(pullCommand(reference, []))).result()
        return result.succeeded ? nil : result.errors
    }

    /// A pull that runs while the test goes on.
    func startPull(_ reference: String) throws -> Child {
        try node.lan.start(pullCommand(reference, []), on: node.machine, log: folder + "/pull.log")
    }

    /// What a container made of the image prints.
    func say(_ reference: String, _ command: String...) async throws -> String {
        let group = "/" + (node.lan.folder.path.split(separator: "/").last.map(String.init) ?? "shoal")
        return try await Command(
            node.machine.command(ctr(["run", "--rm", "--cgroup", group, reference, "say-\(node.name)"] + command))
        ).run()
    }
}
