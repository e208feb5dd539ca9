import FoundationEssentials
import Glibc
import Synchronization
import Testing

/// A node: a machine with an agent, and the runtimes that a test starts beside it.
final class Node: Sendable {
    let machine: Machine
    let lan: LAN
    let folder: String
    private let state: Mutex<State>

    private struct State {
        var configuration: AgentConfiguration
        var agent: Child?
    }

    init(machine: Machine, lan: LAN, configuration: AgentConfiguration) throws {
        self.machine = machine
        self.lan = lan
        folder = "\(lan.folder.path)/\(machine.name)"
        state = Mutex(State(configuration: configuration))
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    var name: String { machine.name }
    var configurationFile: String { folder + "/config.toml" }
    var dataDirectory: String { state.withLock { $0.configuration.dataDirectory } ?? folder + "/data" }

    /// The agent's process.
    var agent: Child { get throws { try #require(state.withLock { $0.agent }) } }

    /// Starts the agent, and returns when it is ready. `hiding`: a folder that it finds empty, as in a mount namespace of
    /// its own.
    func startAgent(hiding folder: String? = nil) async throws {
        try writeConfiguration()
        let (launcher, environment) = state.withLock { ($0.configuration.launcher, $0.configuration.environment) }
        var command =
            launcher + ["env"] + environment.map { "\($0.key)=\($0.value)" }
            + [Environment.binary, "agent", "--config", configurationFile] + Environment.agentOptions
        if let folder {
            let script = #"mount -t tmpfs tmpfs "$0" && exec "$@""#
            command = ["unshare", "--mount", "sh", "-c", script, folder] + command
        }
        let child = try lan.start(command, on: machine, log: self.folder + "/agent.log")
        state.withLock { $0.agent = child }
        try await eventually("the agent on \(name) is ready", within: .seconds(30)) {
            guard child.isRunning else { throw HarnessError("the agent on \(name) ended: see its log") }
            return try await get("http://127.0.0.1:5052/readyz").status == 200
        }
    }

    /// Rewrites the configuration, and tells the running agent.
    func reload(_ configuration: AgentConfiguration) throws {
        state.withLock { $0.configuration = configuration }
        try writeConfiguration()
        try agent.send(SIGHUP)
    }

    /// Stops the agent, and starts it with another configuration.
    func restartAgent(_ configuration: AgentConfiguration) async throws {
        try await stopAgent()
        state.withLock { $0.configuration = configuration }
        try await startAgent()
    }

    private func writeConfiguration() throws {
        let text = state.withLock { $0.configuration }.toml(folder: folder)
        try Data(text.utf8).write(to: URL(filePath: configurationFile))
    }

    /// What the agent has logged.
    func log() throws -> String {
        try String(decoding: Data(contentsOf: URL(filePath: folder + "/agent.log")), as: UTF8.self)
    }

    /// SIGTERM, and waits until it has drained.
    @discardableResult
    func stopAgent() async throws -> Child.Exit {
        let child = try agent
        child.send(SIGTERM)
        return try await child.wait(within: .seconds(60))
    }

    /// SIGKILL: no goodbye.
    func killAgent() async throws {
        try await agent.destroy()
    }

    /// `shoal SUBCOMMAND … --socket S` on this node.
    func shoal(_ arguments: String...) async throws -> Command.Result {
        try await Command(
            machine.command([Environment.binary] + arguments + ["--socket", folder + "/shoal.sock"])
        ).result()
    }

    func status() async throws -> StatusReport {
        let result = try await shoal("status", "--json")
        guard result.succeeded else { throw HarnessError("shoal status failed: \(result.errors)") }
        return try JSON.decode(StatusReport.self, result.text)
    }

    /// Waits until this node has heard that another holds at least so many blobs.
    @discardableResult
    func hears(of other: Node, holding blobs: Int, within limit: Duration = .seconds(10)) async throws -> Duration {
        try await eventually("\(name) hears that \(other.name) holds \(blobs) blobs", within: limit) {
            try await status().peers.contains { $0.name == other.name && $0.blobs >= blobs }
        }
    }
}
