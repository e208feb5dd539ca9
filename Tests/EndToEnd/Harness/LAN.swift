import Foundation
import Synchronization

/// A LAN of its own: network namespaces joined by a bridge in one more namespace. The machine's own network is not touched.
///
/// Addresses are 10.77.0.0/24. Namespaces, processes and files go when ``remove()`` is called, by their names alone.
final class LAN: Sendable {
    private static let counter = Atomic(0)

    let id: String
    let directory: String
    private let hosts = Mutex<[String: String]>([:])

    static func with<T>(_ body: (LAN) async throws -> T) async throws -> T {
        let lan = try await LAN()
        do {
            let result = try await body(lan)
            await lan.remove()
            return result
        } catch {
            print("the LAN's logs:\n\(lan.logs())")
            await lan.remove()
            throw error
        }
    }

    private init() async throws {
        let number = Self.counter.wrappingAdd(1, ordering: .relaxed).newValue
        id = "shoal\(getpid())x\(number)"
        directory = "/tmp/\(id)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try await Command.must(["ip", "netns", "add", bridgeNamespace])
        try await Command.must(["ip", "-n", bridgeNamespace, "link", "add", "br0", "type", "bridge", "mcast_snooping", "0"])
        try await Command.must(["ip", "-n", bridgeNamespace, "link", "set", "br0", "up"])
    }

    private var bridgeNamespace: String { "\(id)-lan" }

    /// A host on the LAN: a namespace with `eth0` and an address.
    func host(_ name: String, address: Int) async throws -> Host {
        let namespace = "\(id)-\(name)"
        let port = "p\(address)"
        try await Command.must(["ip", "netns", "add", namespace])
        try await Command.must([
            "ip", "-n", bridgeNamespace, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", namespace,
        ])
        try await Command.must(["ip", "-n", bridgeNamespace, "link", "set", port, "master", "br0", "up"])
        try await Command.must(["ip", "-n", namespace, "link", "set", "lo", "up"])
        try await Command.must(["ip", "-n", namespace, "addr", "add", "10.77.0.\(address)/24", "brd", "+", "dev", "eth0"])
        try await Command.must(["ip", "-n", namespace, "link", "set", "eth0", "up"])
        let directory = "\(directory)/\(name)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        return Host(name: name, namespace: namespace, address: "10.77.0.\(address)", directory: directory)
    }

    private func logs() -> String {
        let files = (try? FileManager.default.subpathsOfDirectory(atPath: directory)) ?? []
        return files.filter { $0.hasSuffix(".log") }.sorted().map { file in
            let text = (try? String(contentsOfFile: "\(directory)/\(file)", encoding: .utf8)) ?? ""
            return "--- \(file)\n" + text.split(separator: "\n").suffix(40).joined(separator: "\n")
        }.joined(separator: "\n")
    }

    private func remove() async {
        // Containers' mounts and every process of the namespaces, found by the namespace.
        let listed = try? await Command.run(["ip", "netns", "list"])
        let namespaces = (listed?.out ?? "").split(separator: "\n").compactMap { $0.split(separator: " ").first }
            .map(String.init).filter { $0.hasPrefix("\(id)-") }
        for namespace in namespaces {
            let pids = try? await Command.run(["ip", "netns", "pids", namespace])
            for pid in (pids?.out ?? "").split(separator: "\n").compactMap({ Int32($0) }) { kill(pid, SIGKILL) }
        }
        let mounts = (try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)) ?? ""
        for mount in mounts.split(separator: "\n").reversed() {
            let fields = mount.split(separator: " ")
            guard fields.count > 1, fields[1].hasPrefix(directory + "/") else { continue }
            _ = try? await Command.run(["umount", "-l", String(fields[1])])
        }
        for namespace in namespaces { _ = try? await Command.run(["ip", "netns", "delete", namespace]) }
        try? FileManager.default.removeItem(atPath: directory)
    }
}

/// A host of a LAN.
struct Host: Sendable {
    var name: String
    var namespace: String
    var address: String
    var directory: String

    func command(_ arguments: [String]) -> [String] {
        ["ip", "netns", "exec", namespace] + arguments
    }

    @discardableResult
    func run(
        _ arguments: String..., environment: [String: String] = [:], within limit: Duration = .seconds(120)
    ) async throws -> Output {
        try await Command.run(command(arguments), environment: environment, within: limit)
    }

    @discardableResult
    func must(
        _ arguments: String..., environment: [String: String] = [:], within limit: Duration = .seconds(120)
    ) async throws -> Output {
        try await Command.must(command(arguments), environment: environment, within: limit)
    }

    /// Starts a program whose output goes to a log in the host's directory.
    func start(_ arguments: [String], log: String) throws -> Running {
        try Running(command(["sh", "-c", "exec \"$@\" >>\(directory)/\(log).log 2>&1", "sh"] + arguments))
    }

    /// Holds what the host sends to a rate, such as `100mbit`.
    func limitSending(to rate: String) async throws {
        try await Command.must([
            "ip", "netns", "exec", namespace, "tc", "qdisc", "replace", "dev", "eth0", "root", "tbf", "rate", rate, "burst",
            "128kb", "latency", "50ms",
        ])
    }

    /// Bytes that the host has sent over the LAN.
    func sentBytes() async throws -> Int64 {
        let text = try await must("cat", "/sys/class/net/eth0/statistics/tx_bytes").out
        return Int64(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
    }

    func write(_ text: String, to file: String) throws -> String {
        let path = "\(directory)/\(file)"
        let folder = (path as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }
}
