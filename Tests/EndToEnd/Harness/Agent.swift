import Foundation
import Synchronization

/// A built `shoal agent` on a host of the LAN, with a configuration of its own.
final class Agent: Sendable {
    let host: Host
    let configuration: String
    let socket: String
    let dataDirectory: String
    private let process = Mutex<Running?>(nil)

    /// - Parameters:
    ///   - registry: what `registry.demo` stands for.
    ///   - key: the path of a cluster key.
    ///   - extra: more lines of TOML, put after the top-level keys.
    init(
        on host: Host, registry: Registry?, key: String? = nil, dataDirectory: String? = nil, extra: String = ""
    ) throws {
        self.host = host
        self.dataDirectory = dataDirectory ?? "\(host.directory)/data"
        socket = "\(host.directory)/shoal.sock"
        var text = """
            data_dir = "\(self.dataDirectory)"
            [admin]
            socket = "\(socket)"
            [discovery]
            mdns = false
            [runtime.containerd]
            address = ""

            """
        if let key { text += "[peers]\nkey_file = \"\(key)\"\n" }
        if let registry {
            text += "[upstream.\"\(Registry.name)\"]\nurl = \"\(registry.url)\"\nplain_http = true\n"
        }
        configuration = try host.write(text + extra, to: "config.toml")
    }

    /// Starts the agent and waits until it is ready.
    func start() async throws {
        let running = try host.start(
            [Requirement.shoal, "agent", "--config", configuration, "--log-level", "debug"], log: "agent")
        process.withLock { $0 = running }
        try await eventually("the agent on \(host.name) is ready") {
            guard running.isRunning else { throw CommandFailed(description: "the agent on \(self.host.name) has ended") }
            return try await self.host.run("curl", "-sf", "-o", "/dev/null", "http://127.0.0.1:5052/readyz").isSuccess
        }
    }

    var pid: Int32 { process.withLock { $0?.pid ?? 0 } }
    var log: String { (try? String(contentsOfFile: "\(host.directory)/agent.log", encoding: .utf8)) ?? "" }

    /// Sends a signal and waits for the end.
    /// - Returns: the exit status.
    @discardableResult
    func end(_ number: Int32 = SIGTERM) async throws -> Int32 {
        guard let running = process.withLock({ $0 }) else { return 0 }
        running.signal(number)
        return try await running.wait(within: .seconds(40)).status
    }

    /// The most memory that the agent has had resident, in bytes.
    var peakMemory: Int64 {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return (line.split(separator: " ").compactMap { Int64($0) }.first ?? 0) << 10
    }

    // MARK: What a user sees

    func shoal(_ arguments: String...) async throws -> Output {
        try await Command.run(host.command([Requirement.shoal] + arguments + ["--socket", socket]))
    }

    struct Status: Decodable {
        struct Bytes: Decodable { var store, peers, upstream, served_to_peers: Int64 }
        struct Requests: Decodable { var hits, misses: Int }
        struct Count: Decodable { var blobs: Int; var bytes: Int64 }
        struct Peer: Decodable { var id, name, state: String; var blobs: Int }
        var bytes: Bytes
        var requests: Requests
        var shared: Count
        var store: Count
        var peers: [Peer]
    }

    func status() async throws -> Status {
        let output = try await shoal("status", "--json")
        guard output.isSuccess else { throw CommandFailed(description: "shoal status: \(output.err)") }
        return try JSONDecoder().decode(Status.self, from: Data(output.out.utf8))
    }

    /// The mirror's answer to a request: status, headers in lower case, and where the body was put.
    struct Answer {
        var status: Int
        var headers: [String: String]
        var body: String
    }

    func get(_ path: String, port: Int = 5050, options: [String] = []) async throws -> Answer {
        let file = "\(host.directory)/body-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: file) }
        let output = try await Command.run(
            host.command(["curl", "-s", "-D", "-", "-o", file] + options + ["http://127.0.0.1:\(port)\(path)"]))
        let lines = output.out.split(separator: "\r\n").map(String.init)
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return Answer(
            status: status, headers: headers, body: String(decoding: (try? Data(contentsOf: URL(fileURLWithPath: file))) ?? Data(), as: UTF8.self))
    }

    /// Whether this node can see a number of live peers.
    func sees(_ count: Int) async throws -> Bool {
        try await status().peers.count { $0.state == "alive" } == count
    }
}
