import FoundationEssentials
import Synchronization

/// A docker-registry over plain HTTP on port 80, read-only, on a machine of its own.
final class Registry: Sendable {
    let machine: Machine
    private let lan: LAN
    private let users: [String: String]
    private let process = Mutex<Child?>(nil)

    init(machine: Machine, lan: LAN, users: [String: String]) {
        self.machine = machine
        self.lan = lan
        self.users = users
    }

    /// Starts it, and returns when it answers.
    func start() async throws {
        let base = "\(lan.folder.path)/\(machine.name)"
        let storage = try await Fixtures.load().storage
        var settings = """
            version: 0.1
            log: {level: warn}
            storage:
              filesystem: {rootdirectory: \(storage)}
              maintenance: {readonly: {enabled: true}}
            http: {addr: ":80"}

            """
        if !users.isEmpty {
            var entries = ""
            for (name, password) in users {
                entries += try await Command(["htpasswd", "-Bbn", name, password]).run()
            }
            try Data(entries.utf8).write(to: URL(filePath: base + ".htpasswd"))
            settings += "auth: {htpasswd: {realm: private, path: \(base).htpasswd}}\n"
        }
        try Data(settings.utf8).write(to: URL(filePath: base + ".yml"))
        let child = try lan.start(["docker-registry", "serve", base + ".yml"], on: machine, log: base + ".log")
        process.withLock { $0 = child }
        let probe = machine.command(["curl", "--silent", "--output", "/dev/null", "http://127.0.0.1/v2/"])
        try await eventually("docker-registry answers", within: .seconds(20)) {
            try await Command(probe).result().succeeded
        }
    }

    /// The lines of its access log that name something: one per request that it answered.
    func requests(for name: String) throws -> [Substring] {
        let log = try String(
            decoding: Data(contentsOf: URL(filePath: "\(lan.folder.path)/\(machine.name).log")), as: UTF8.self)
        return log.split(separator: "\n").filter { $0.contains(name) }
    }

    /// As when its plug is pulled: nothing answers, not even a refusal.
    func switchOff() async throws {
        try await machine.plug(false)
        try await process.withLock { $0 }?.destroy()
    }
}
