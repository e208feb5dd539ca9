import FoundationEssentials
import Synchronization

/// A LAN for one test: a bridge in the sandbox's network namespace and machines on it. The test process itself is on the
/// bridge too, at 10.77.0.1 (`proxy.test`); the registries are 10.77.0.2 and .3, nodes start at .11. The sandbox's
/// /etc/hosts knows the names.
final class LAN: Sendable {
    private struct State {
        var machines: [Machine] = []
        var children: [Child] = []
        var mounts: [String] = []
        var bridges: [String] = []
        var nodes = 0
    }

    let folder: TemporaryFolder
    private let state = Mutex(State())

    private init() throws {
        folder = try TemporaryFolder()
    }

    /// Builds the LAN, hands it to the test, and takes it down whatever the test did.
    static func with(_ test: (LAN) async throws -> Void) async throws {
        let lan = try LAN()
        do {
            try await lan.setUp()
            try await test(lan)
        } catch {
            try? await lan.printLogs()
            try? await lan.tearDown()
            throw error
        }
        try await lan.tearDown()
    }

    /// Adds a machine to a network of the LAN's.
    func machine(_ name: String, _ address: String, on network: Network = .first) async throws -> Machine {
        let machine = Machine(name: name, address: address)
        state.withLock { $0.machines.append(machine) }
        let lines =
            [
                "ip netns add \(name)",
                "ip link add \(name) type veth peer name eth0 netns \(name)",
                "ip link set \(name) master \(network.bridge) up",
                "ip -n \(name) link set lo up",
            ] + network.addressing(address, on: name)
        try await Command.run(lines)
        return machine
    }

    /// A node: a machine with an agent, ready, and a containerd once it is asked for.
    func node(
        _ configuration: AgentConfiguration = AgentConfiguration(), on network: Network = .first,
        prepare: (Machine, inout AgentConfiguration) async throws -> Void = { _, _ in }
    ) async throws -> Node {
        let node = try await idleNode(configuration, on: network, prepare: prepare)
        try await node.startAgent()
        return node
    }

    /// A node whose agent has not been started yet.
    func idleNode(
        _ configuration: AgentConfiguration = AgentConfiguration(), on network: Network = .first,
        prepare: (Machine, inout AgentConfiguration) async throws -> Void = { _, _ in }
    ) async throws -> Node {
        let number = state.withLock { state in
            state.nodes += 1
            return state.nodes
        }
        let machine = try await machine("node\(number)", network.address(10 + number), on: network)
        var configuration = configuration
        try await prepare(machine, &configuration)
        return try Node(machine: machine, lan: self, configuration: configuration)
    }

    /// A docker-registry with the fixtures' images, at `registry.test`; with `users` it is `private.test` and asks for them.
    func registry(users: [String: String] = [:], on network: Network = .first) async throws -> Registry {
        let machine =
            users.isEmpty
            ? try await machine("registry", network.address(2), on: network)
            : try await machine("private", network.address(3), on: network)
        let registry = Registry(machine: machine, lan: self, users: users)
        try await registry.start()
        return registry
    }

    /// Starts a program on a machine, with one log. It ends with the LAN.
    func start(_ arguments: [String], on machine: Machine, log: String) throws -> Child {
        let child = try Child(machine.command(arguments), output: log, errors: log)
        state.withLock { $0.children.append(child) }
        return child
    }

    /// Starts a program beside the machines.
    func start(_ arguments: [String], log: String) throws -> Child {
        let child = try Child(arguments, output: log, errors: log)
        state.withLock { $0.children.append(child) }
        return child
    }

    /// Adds a bridge that ends with the LAN.
    func bridge(_ name: String) async throws {
        state.withLock { $0.bridges.append(name) }
        try await Command.run([
            "ip link add \(name) type bridge mcast_snooping 0", "ip link set \(name) up",
        ])
    }

    /// Mounts a small file system that ends with the LAN.
    func mountTmpfs(at path: String, megabytes: Int) async throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try await Command(["mount", "-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", path]).run()
        state.withLock { $0.mounts.append(path) }
    }

    private func setUp() async throws {
        try await bridge(Network.first.bridge)
        try await Command.run(["ip addr add 10.77.0.1/24 brd + dev lan"])
    }

    private func tearDown() async throws {
        let (machines, children, mounts, bridges) = state.withLock {
            ($0.machines, $0.children, $0.mounts, $0.bridges)
        }
        for child in children.reversed() { try await child.destroy() }
        for machine in machines {
            // What those started in turn: containerd's shims, and clients that a failed test left behind.
            let left = try? await Command(["ip", "netns", "pids", machine.name]).run()
            for pid in (left ?? "").split(separator: "\n") {
                _ = try? await Command(["kill", "-KILL", String(pid)]).run()
            }
            _ = try? await Command(["ip", "link", "del", machine.name]).run()
            _ = try? await Command(["ip", "netns", "del", machine.name]).run()
        }
        for mount in mounts { _ = try? await Command(["umount", "--lazy", mount]).run() }
        // containerd's own mounts under the folder, which would keep it from being removed
        _ = try? await Command([
            "sh", "-c", "awk '$2 ~ \"^\(folder.path)/\" { print $2 }' /proc/mounts | xargs -r umount --lazy",
        ]).run()
        for bridge in bridges { _ = try? await Command(["ip", "link", "del", bridge]).run() }
    }

    /// After a failure: the end of every log, because the folder goes.
    private func printLogs() async throws {
        print(try await Command(["sh", "-c", "cd \(folder.path) && find . -name '*.log' -exec tail -n 60 {} +"]).run())
    }
}
