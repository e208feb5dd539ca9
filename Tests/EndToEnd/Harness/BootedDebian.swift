import FoundationEssentials
import Glibc
import Testing

/// A machine of the LAN that is a whole Debian, booted by systemd: what is installed there is installed as on a real one. It is
/// switched off with the LAN.
final class BootedDebian: Sendable {
    /// What it has; deploy/test, which has a network, has made it by then.
    private static func packages() throws -> [String] {
        let list = try Data(contentsOf: URL(filePath: "\(Environment.root)/deploy/packages/booted.txt"))
        return String(decoding: list, as: UTF8.self)
            .split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init)
    }

    let machine: Machine
    /// The folder that is its `/`.
    let root: String
    private let leader: pid_t

    /// Boots it, and returns when all its units have started.
    init(_ name: String, _ address: String, lan: LAN, suite: String = "bookworm") async throws {
        machine = try await lan.machine(name, address)
        let original = try await Command(
            ["\(Environment.root)/deploy/lib/debian", suite] + Self.packages(), within: .seconds(900)
        ).run().split(separator: "\n").last.map(String.init)
        root = "\(lan.folder.path)/\(name)"
        try await Command(["cp", "--archive", "--reflink=auto", try #require(original), root]).run()
        try await Command(["cp", "/etc/hosts", root + "/etc/hosts"]).run()
        try Data("\(name)\n".utf8).write(to: URL(filePath: root + "/etc/hostname"))
        let nspawn = try lan.start(
            [
                "systemd-nspawn", "--directory", root, "--register=no", "--keep-unit", "--resolv-conf=off",
                "--timezone=off", "--network-namespace-path=/run/netns/\(name)", "--hostname", name, "--boot",
            ], log: "\(lan.folder.path)/\(name).log")
        var found: pid_t?
        try await eventually("\(name) has booted", within: .seconds(180), every: .milliseconds(200)) {
            guard nspawn.isRunning else { throw HarnessError("systemd-nspawn ended: see its log") }
            guard found == nil else {
                let state = try await Command(Self.inside(found!, ["systemctl", "is-system-running"])).result().text
                return state.hasPrefix("running") || state.hasPrefix("degraded")
            }
            let children = try await Command(["pgrep", "--parent", "\(nspawn.pid)"]).result().text
            found = children.split(separator: "\n").first.flatMap { pid_t($0) }
            return false
        }
        leader = try #require(found)
    }

    private static func inside(_ leader: pid_t, _ arguments: [String]) -> [String] {
        ["nsenter", "--target", "\(leader)", "--all", "--wdns=/", "env", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
            + arguments
    }

    func command(_ arguments: [String]) -> [String] { Self.inside(leader, arguments) }

    /// Runs a program there, however it ends.
    func result(_ arguments: String..., within limit: Duration = .seconds(120)) async throws -> Command.Result {
        try await Command(command(arguments), within: limit).result()
    }

    /// Runs a program there, which must succeed, and hands back what it printed.
    @discardableResult
    func run(_ arguments: String..., within limit: Duration = .seconds(120)) async throws -> String {
        try await Command(command(arguments), within: limit).run()
    }

    /// Runs a shell script there.
    @discardableResult
    func shell(_ script: String) async throws -> String { try await run("sh", "-ec", script) }

    func write(_ text: String, to path: String) throws {
        let file = URL(filePath: root + path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    func read(_ path: String) throws -> String {
        try String(decoding: Data(contentsOf: URL(filePath: root + path)), as: UTF8.self)
    }

    /// A property of a unit, as systemd has it.
    func property(_ name: String, of unit: String = "shoal.service") async throws -> String {
        try await run("systemctl", "show", "--property", name, "--value", unit).trimmed
    }

    func status() async throws -> StatusReport {
        try JSON.decode(StatusReport.self, try await run("shoal", "status", "--json"))
    }
}

extension String {
    fileprivate var trimmed: String { String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()) }
}
