import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    /// The agent under a service manager, as far as that shows without one: what it is given, and what it reports.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("systemd-socket-activate")))
    struct SupervisionTests {
        @Test("an agent serves on the sockets that it is given, and reports that it is ready, lives, reloads and stops")
        func reports() async throws {
            try await LAN.with { lan in
                let reports = try Reports(at: lan.folder.path + "/notify")
                // It would refuse to start where it had to bind an address that somebody listens on.
                let node = try await lan.idleNode { _, configuration in
                    configuration.launcher = ["systemd-socket-activate", "--listen=127.0.0.1:5050"]
                    configuration.environment = [
                        "NOTIFY_SOCKET": lan.folder.path + "/notify", "WATCHDOG_USEC": "500000",
                    ]
                }
                async let asked: Void = {
                    // The first connection is what the launcher waits for.
                    _ = try await eventually("the mirror answers", within: .seconds(30)) {
                        try await node.get("http://127.0.0.1:5050/v2/").status == 200
                    }
                }()
                try await node.startAgent()
                try await asked
                #expect(try await reports.next("READY=1").contains("STATUS=Ready: 0 blobs shared, 0 peers"))
                for _ in 1...3 { _ = try await reports.next("WATCHDOG=1") }
                try node.agent.send(SIGHUP)
                #expect(try await reports.next("RELOADING=1").contains("\nMONOTONIC_USEC="))
                _ = try await reports.next("READY=1")
                #expect(try await node.stopAgent() == .code(0))
                _ = try await reports.next("STOPPING=1")
                #expect(try !node.log().contains("warning"))
            }
        }

        @Test("an agent that is told to reload before there is anything to reload goes on to become ready")
        func earlyReload() async throws {
            try await LAN.with { lan in
                let key = try await [UInt8](Data(contentsOf: URL(filePath: lan.clusterKey())))
                // A key that comes when the test sends it holds the agent where it begins.
                let pipe = lan.folder.path + "/key.pipe"
                try #require(mkfifo(pipe, 0o600) == 0)
                var configuration = AgentConfiguration()
                configuration.keyFile = pipe
                let node = try await lan.idleNode(configuration)
                async let started: Void = node.startAgent()
                var writer: CInt = -1
                try await eventually("the agent reads its key", within: .seconds(30)) {
                    writer = open(pipe, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
                    return writer >= 0
                }
                for _ in 1...3 { try node.agent.send(SIGHUP) }
                let written = write(writer, key, key.count)
                close(writer)
                #expect(written == key.count)
                try await started
                #expect(try node.agent.isRunning)
            }
        }

        @Test("an agent without a service manager, or with one that says nonsense, runs and tells what is wrong")
        func nonsense() async throws {
            try await LAN.with { lan in
                let node = try await lan.node { _, configuration in
                    configuration.environment = [
                        "NOTIFY_SOCKET": "nowhere", "WATCHDOG_USEC": "often", "LISTEN_FDS": "1", "LISTEN_PID": "1",
                    ]
                }
                let log = try node.log()
                #expect(log.contains("NOTIFY_SOCKET=nowhere is neither an absolute path nor an abstract name"))
                #expect(log.contains("WATCHDOG_USEC=often is no number of microseconds"))
                #expect(!log.contains("LISTEN_FDS"), "those were another process's")
            }
        }
    }
}

/// A datagram socket that hears what an agent reports.
private final class Reports: Sendable {
    private let descriptor: CInt

    init(at path: String) throws {
        descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw HarnessError("cannot hear reports at \(path)") }
    }

    deinit { close(descriptor) }

    /// The next report that begins so; what comes before it is passed over.
    func next(_ beginning: String) async throws -> String {
        var found = ""
        try await eventually("the agent reports \(beginning)") {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = recv(descriptor, &buffer, buffer.count, CInt(MSG_DONTWAIT))
            guard count > 0 else { return false }
            found = String(decoding: buffer.prefix(count), as: UTF8.self)
            return found.hasPrefix(beginning)
        }
        return found
    }
}
