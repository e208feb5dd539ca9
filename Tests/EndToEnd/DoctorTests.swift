import FoundationEssentials
import Testing

extension EndToEnd {
    /// A node with each of its faults made on purpose: the right line, and the right mend.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry"), .program("containerd")))
    struct DoctorTests {
        @Test("of a healthy node nothing but good is said, and the exit code is 0")
        func healthy() async throws {
            try await LAN.with { lan in
                _ = try await lan.registry()
                let nodes = try await lan.beaconNodes(2)
                let etc = try await nodes[0].etcContainerd(configured: true)
                let report = try await nodes[0].doctor(etc: etc)
                #expect(report.healthy)
                for check in [
                    "agent", "mirror", "mirror.docker", "peers.listen", "admin", "cluster_key", "peers", "broadcast",
                ] {
                    #expect(report.verdicts(check) == ["ok"], "\(check)")
                }
                #expect(report.verdicts("containerd.config_path") == ["ok"])
                #expect(report.first("containerd.mirror")?.message.contains("docker.io") == true)
                #expect(report.findings.contains { $0.check == "upstream" && $0.message == "registry.test answers" })
                #expect(report.first("files")?.verdict == "ok")

                let text = try await nodes[0].doctorText(etc: etc)
                #expect(text.exit == .code(0))
                #expect(text.text.contains("0 faults"))
            }
        }

        @Test("an agent that does not run is a fault, and the unit is named")
        func noAgent() async throws {
            try await LAN.with { lan in
                let node = try await lan.node()
                let etc = try await node.etcContainerd(configured: true)
                try await node.stopAgent()
                let report = try await node.doctor(etc: etc)
                #expect(!report.healthy)
                #expect(report.first("agent")?.verdict == "fault")
                #expect(report.first("agent")?.mend?.contains("systemctl start shoal") == true)
                #expect(report.first("mirror")?.verdict == "fault")
                #expect(report.first("mirror")?.message.contains("127.0.0.1:5050 refuses connections") == true)
                let text = try await node.doctorText(etc: etc)
                #expect(text.exit == .code(1))
            }
        }

        @Test("a runtime that does not ask the mirror is told of with the command that mends it, and that command does")
        func mirrorNotUsed() async throws {
            try await LAN.with { lan in
                let node = try await lan.node()
                let etc = try await node.etcContainerd(configured: false)
                let before = try await node.doctor(etc: etc)
                #expect(before.first("containerd.mirror")?.verdict == "warning")
                #expect(before.first("containerd.config_path")?.verdict == "warning")
                #expect(before.first("mirror.use")?.verdict == "fault")
                let mend = try #require(before.first("containerd.mirror")?.mend)
                #expect(mend == "shoal configure containerd")
                try await node.configureContainerd(etc: etc)
                let after = try await node.doctor(etc: etc)
                #expect(after.verdicts("containerd.mirror") == ["ok"])
                #expect(after.verdicts("containerd.config_path") == ["ok"])
                #expect(after.first("mirror.use") == nil)
            }
        }

        @Test("layers that containerd throws away, and a config.toml that is none, are told of with the file")
        func containerdConfiguration() async throws {
            try await LAN.with { lan in
                let node = try await lan.node()
                let etc = try await node.etcContainerd(configured: true)
                let file = URL(filePath: etc + "/config.toml")
                let table = "[plugins.\"io.containerd.grpc.v1.cri\".containerd]\ndiscard_unpacked_layers = true\n"
                let text = try String(decoding: Data(contentsOf: file), as: UTF8.self)
                try Data((text + table).utf8).write(to: file)
                let discards = try await node.doctor(etc: etc)
                #expect(discards.first("containerd.discard_unpacked_layers")?.verdict == "warning")
                #expect(
                    discards.first("containerd.discard_unpacked_layers")?.mend?.contains(
                        "/etc/containerd/config.toml") == true)
                try Data("version = = 2\n".utf8).write(to: file)
                let broken = try await node.doctor(etc: etc)
                #expect(broken.first("containerd.config")?.verdict == "fault")
                #expect(broken.first("containerd.config")?.message.contains("/etc/containerd/config.toml:1") == true)
            }
        }

        @Test("a configuration with an unknown key is a fault that names file and key")
        func configuration() async throws {
            try await LAN.with { lan in
                let node = try await lan.node()
                let file = lan.folder.path + "/wrong.toml"
                try Data("data_dri = \"/tmp\"\n".utf8).write(to: URL(filePath: file))
                let report = try await node.doctor(configuration: file)
                #expect(report.first("configuration")?.verdict == "fault")
                #expect(report.first("configuration")?.message.contains(file) == true)
                #expect(report.first("configuration")?.message.contains("data_dri") == true)
            }
        }

        @Test("a cluster key that others may read is a fault, and without key or mDNS it is said what they would add")
        func key() async throws {
            try await LAN.with { lan in
                let none = try await lan.node()
                let bare = try await none.doctor()
                #expect(bare.first("cluster_key")?.mend?.contains("shoal keygen") == true)
                // There is no D-Bus in the sandbox.
                #expect(bare.findings.contains { $0.verdict == "warning" && $0.message.contains("start avahi-daemon") })
                var configuration = AgentConfiguration()
                configuration.keyFile = try await lan.clusterKey()
                let node = try await lan.node(configuration)
                try await Command(["chmod", "644", #require(configuration.keyFile)]).run()
                let report = try await node.doctor()
                #expect(report.first("cluster_key")?.verdict == "fault")
                #expect(report.first("cluster_key")?.message.contains(try #require(configuration.keyFile)) == true)
            }
        }

        @Test("a registry that is away is a warning, for peers still give what they hold")
        func upstream() async throws {
            try await LAN.with { lan in
                let registry = try await lan.registry()
                let node = try await lan.node()
                try await registry.switchOff()
                let report = try await node.doctor()
                let finding = report.findings.first { $0.check == "upstream" && $0.message.contains("registry.test") }
                #expect(finding?.verdict == "warning")
                #expect(finding?.mend?.contains("[upstream.\"registry.test\"]") == true)
            }
        }

        @Test("a node alone is warned of, and so is a peer whose port a firewall closes", .needs(.program("nft")))
        func peers() async throws {
            try await LAN.with { lan in
                let key = try await lan.clusterKey()
                var configuration = AgentConfiguration()
                configuration.keyFile = key
                let first = try await lan.node(configuration)
                let alone = try await first.doctor()
                #expect(alone.first("peers")?.verdict == "warning")
                #expect(alone.first("peers")?.mend?.contains("peers.static") == true)
                let second = try await lan.node(configuration)
                try await lan.seeEachOther([first, second])
                try await second.machine.drop(tcp: 5051)
                let report = try await first.doctor()
                let finding = report.findings.first { $0.check == "peers.port" && $0.verdict == "warning" }
                #expect(finding?.message.contains("\(second.name) at \(second.machine.address):5051") == true)
                #expect(finding?.mend?.contains("5051") == true)
            }
        }

        @Test(
            "where UDP 5051 is dropped and mDNS passes, it is said that the firewall makes news late",
            .needs(.program("nft"), .program("avahi-daemon"), .program("dbus-daemon")))
        func filtered() async throws {
            try await LAN.with { lan in
                let key = try await lan.clusterKey()
                let first = try await lan.mdnsNode(key: key, broadcast: true) { try await $0.drop(udp: 5051) }
                let second = try await lan.mdnsNode(key: key, broadcast: true) { try await $0.drop(udp: 5051) }
                try await lan.see(first, second)
                let report = try await first.node.doctor()
                #expect(report.first("broadcast")?.verdict == "warning")
                #expect(report.first("broadcast")?.message.contains(second.node.name) == true)
                #expect(report.first("broadcast")?.mend?.contains("UDP 5051") == true)
            }
        }

        @Test("a disk with little space, few files and a clock of long ago are told of", .needs(.program("clang")))
        func machine() async throws {
            try await LAN.with { lan in
                let disk = lan.folder.path + "/disk"
                try await lan.mountTmpfs(at: disk, megabytes: 64)
                var configuration = AgentConfiguration()
                configuration.dataDirectory = disk + "/data"
                configuration.launcher = ["prlimit", "--nofile=1024:1024"]
                let node = try await lan.node(configuration)
                let report = try await node.doctor(environment: try await lan.wallClock(yearsAhead: -5))
                #expect(report.first("store")?.verdict == "fault")
                #expect(report.first("store")?.message.contains(disk) == true)
                #expect(report.first("files")?.verdict == "warning")
                #expect(report.first("files")?.mend?.contains("LimitNOFILE") == true)
                #expect(report.first("clock")?.verdict == "fault")
            }
        }
    }
}

/// What `shoal doctor --json` prints.
struct DoctorReport: Decodable, Sendable {
    struct Finding: Decodable, Sendable, Equatable {
        let check: String
        let verdict: String
        let message: String
        let mend: String?
    }

    let schema: Int
    let healthy: Bool
    let findings: [Finding]

    func first(_ check: String) -> Finding? { findings.first { $0.check == check } }
    func verdicts(_ check: String) -> [String] { findings.filter { $0.check == check }.map(\.verdict) }
}

extension Node {
    /// - Parameter etc: what the doctor finds at /etc/containerd; nil: an empty folder.
    func doctor(
        etc: String? = nil, configuration: String? = nil, environment: [String: String] = [:]
    ) async throws -> DoctorReport {
        let result = try await doctorResult(["--json"], etc, configuration, environment)
        let report = try JSON.decode(DoctorReport.self, result.text)
        #expect(result.exit == .code(report.healthy ? 0 : 1))
        return report
    }

    /// As a person reads it.
    fileprivate func doctorText(etc: String? = nil) async throws -> Command.Result {
        try await doctorResult([], etc, nil, [:])
    }

    private func doctorResult(
        _ options: [String], _ etc: String?, _ configuration: String?, _ environment: [String: String]
    ) async throws -> Command.Result {
        let etc = try etc ?? emptyFolder()
        let script = #"mkdir -p /etc/containerd && mount --bind "$0" /etc/containerd && exec "$@""#
        return try await Command(
            machine.command(
                ["unshare", "--mount", "sh", "-c", script, etc, "env"] + environment.map { "\($0.key)=\($0.value)" }
                    + [Environment.binary, "doctor", "--socket", folder + "/shoal.sock"]
                    + ["--config", configuration ?? configurationFile] + options)
        ).result()
    }

    private func emptyFolder() throws -> String {
        let path = folder + "/etc-empty"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    /// A folder for /etc/containerd as Debian's package leaves it, with the mirror in it or not.
    func etcContainerd(configured: Bool) async throws -> String {
        let path = folder + "/etc-containerd"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Data("version = 2\n".utf8).write(to: URL(filePath: path + "/config.toml"))
        if configured { try await configureContainerd(etc: path) }
        return path
    }

    /// `shoal configure containerd`, as the mend says.
    func configureContainerd(etc: String) async throws {
        let script = #"mkdir -p /etc/containerd && mount --bind "$0" /etc/containerd && exec "$@""#
        try await Command([
            "unshare", "--mount", "sh", "-c", script, etc, Environment.binary, "configure", "containerd", "--config",
            configurationFile,
        ]).run()
    }
}

extension Machine {
    /// What the machine's firewall drops, coming in.
    fileprivate func drop(tcp port: Int) async throws {
        let rules = "table inet filter { chain in { type filter hook input priority 0; tcp dport \(port) drop; }; }"
        try await Command(["nsenter", "--net=/run/netns/\(name)", "nft", rules]).run()
    }
}
