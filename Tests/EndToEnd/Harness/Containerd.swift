import FoundationEssentials
import Glibc
import Synchronization
import Testing

/// A containerd of a node's own, with a hosts.toml that names the node's agent first and the registry after it.
final class Containerd: Sendable {
    /// What Kubernetes uses of it.
    enum CRI {
        case off
        /// As a package installs it: nothing is said of registries.
        case plain
        /// containerd throws a layer away once it is unpacked.
        case discardingLayers
    }

    let node: Node
    let folder: String
    /// The root of the Debian whose containerd it is; nil: this machine's.
    let debian: String?
    private let process = Mutex<Child?>(nil)

    /// Starts it, and returns when it answers.
    init(
        on node: Node, registries: [String] = ["registry.test", "private.test"], cri: CRI = .off, debian: String? = nil
    ) async throws {
        self.node = node
        self.debian = debian
        folder = Self.folder(in: node.folder)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
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
        try Data(Self.configuration(folder: folder, cri: cri).utf8).write(to: URL(filePath: folder + "/config.toml"))
        try await start()
    }

    private static func folder(in nodeFolder: String) -> String { nodeFolder + "/containerd" }
    /// Its socket, for the agent's configuration, which is written before containerd is there.
    static func address(in nodeFolder: String) -> String { folder(in: nodeFolder) + "/sock" }
    /// Where it keeps its content.
    static func root(in nodeFolder: String) -> String { folder(in: nodeFolder) + "/root" }

    private var address: String { folder + "/sock" }

    private static func configuration(folder: String, cri: CRI) -> String {
        var disabled = ["aufs", "btrfs", "devmapper", "zfs"].map { "io.containerd.snapshotter.v1.\($0)" }
        var tables = ""
        switch cri {
        case .off: disabled.append("io.containerd.grpc.v1.cri")
        case .plain:
            tables = """
                [plugins."io.containerd.grpc.v1.cri".cni]
                  conf_dir = "\(folder)/cni"
                  bin_dir = "\(folder)/cni"

                """
        case .discardingLayers:
            tables = """
                [plugins."io.containerd.grpc.v1.cri".containerd]
                  discard_unpacked_layers = true
                [plugins."io.containerd.grpc.v1.cri".registry]
                  config_path = "\(folder)/certs.d"
                [plugins."io.containerd.grpc.v1.cri".cni]
                  conf_dir = "\(folder)/cni"
                  bin_dir = "\(folder)/cni"

                """
        }
        return """
            version = 2
            root = "\(folder)/root"
            state = "\(folder)/state"
            disabled_plugins = [\(disabled.map { "\"\($0)\"" }.joined(separator: ", "))]
            [grpc]
              address = "\(folder)/sock"
            [plugins."io.containerd.internal.v1.opt"]
              path = "\(folder)/opt"

            """ + tables
    }

    /// Starts it again after ``kill()``.
    func start() async throws {
        let command = entering(["containerd", "--config", folder + "/config.toml"])
        let child = try node.lan.start(command, on: node.machine, log: folder + "/containerd.log")
        process.withLock { $0 = child }
        try await eventually("containerd on \(node.name) answers", within: .seconds(30)) {
            try await Command(node.machine.command(ctr(["version"]))).result().succeeded
        }
    }

    /// SIGKILL.
    func kill() async throws {
        try await process.withLock { $0 }?.destroy()
    }

    private func ctr(_ arguments: [String], namespace: String = "default") -> [String] {
        inside(["ctr", "--address", address, "--namespace", namespace] + arguments)
    }

    /// Its process, once it runs.
    var processIdentifier: pid_t? { process.withLock { $0 }?.pid }

    /// Runs `ctr`, and hands back what it printed.
    @discardableResult
    func run(_ arguments: String..., namespace: String = "default") async throws -> String {
        try await Command(node.machine.command(ctr(arguments, namespace: namespace))).run()
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

    /// Pulls from the registry itself: Shoal hears of it from containerd only.
    func pullPastTheMirror(_ reference: String, namespace: String = "default") async throws {
        try await run("images", "pull", "--plain-http", reference, namespace: namespace)
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
