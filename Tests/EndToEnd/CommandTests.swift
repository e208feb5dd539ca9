import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    /// The agent as a process, and the scripts around it.
    @Suite(.serialized, .needs(.root, .sandbox, .agent))
    struct CommandTests {
        @Test(
            "a bad configuration ends the agent with exit 2 and one clear line",
            arguments: [
                ("data_dir = 5\n", "data_dir"),
                ("nonsense = true\n", "nonsense"),
                ("[mirror]\nlisten = [\"nowhere\"]\n", "listen"),
                ("[store]\ncapacity = \"much\"\n", "capacity"),
                ("[peers\n", "config.toml"),
            ])
        func badConfiguration(text: String, names: String) async throws {
            let folder = try TemporaryFolder()
            let file = folder.path + "/config.toml"
            try Data(text.utf8).write(to: URL(filePath: file))
            let result = try await Command([Environment.binary, "agent", "--config", file], within: .seconds(20))
                .result()
            #expect(result.exit == .code(2))
            let lines = result.errors.split(separator: "\n")
            #expect(lines.count == 1, "\(result.errors)")
            #expect(lines.first?.contains(file) == true, "\(result.errors)")
            #expect(lines.first?.contains(names) == true, "\(result.errors)")
        }

        @Test("a configured address that is taken ends the agent with exit 1")
        func addressTaken() async throws {
            try await LAN.with { lan in
                let node = try await lan.node()
                let file = lan.folder.path + "/second.toml"
                let text = "data_dir = \"\(lan.folder.path)/second\"\n[mirror]\nlisten = [\"127.0.0.1:5050\"]\n"
                try Data(text.utf8).write(to: URL(filePath: file))
                let result = try await Command(
                    node.machine.command([Environment.binary, "agent", "--config", file]), within: .seconds(20)
                ).result()
                #expect(result.exit == .code(1))
                #expect(result.errors.contains("127.0.0.1:5050"))
            }
        }

        @Test("without an agent the commands say so in one line and end with 1", arguments: ["status", "peers"])
        func noAgent(command: String) async throws {
            let folder = try TemporaryFolder()
            let result = try await Command([Environment.binary, command, "--socket", folder.path + "/none.sock"])
                .result()
            #expect(result.exit == .code(1))
            #expect(result.errors.split(separator: "\n").count == 1)
        }

        @Test(
            "wrong usage ends with 2",
            arguments: [["nonsense"], ["locate"], ["status", "--colour"], ["keygen"], ["agent", "x"]])
        func usage(arguments: [String]) async throws {
            let result = try await Command([Environment.binary] + arguments, within: .seconds(20)).result()
            #expect(result.exit == .code(2))
            #expect(!result.errors.isEmpty)
        }

        @Test("a cluster key is its owner's alone to read, and is never written over")
        func keygen() async throws {
            let folder = try TemporaryFolder()
            let file = folder.path + "/cluster.key"
            try await Command([Environment.binary, "keygen", file]).run()
            #expect(try await Command(["stat", "-c", "%a", file]).run() == "600\n")
            let key = try Data(contentsOf: URL(filePath: file))
            let again = try await Command([Environment.binary, "keygen", file]).result()
            #expect(again.exit == .code(1))
            #expect(try Data(contentsOf: URL(filePath: file)) == key)
        }

        @Test("SIGHUP puts a changed configuration in force, and keeps the old one where the new is wrong")
        func reload() async throws {
            try await LAN.with { lan in
                let node = try await lan.node()
                let other = try await lan.node()
                let peer = "http://\(node.machine.address):5051/v1/node"
                #expect(try await other.get(peer).status == 200)
                let kept = KeptConnection(to: node.machine.address)
                try await eventually("a connection from elsewhere is served") { kept.isAnswered }
                var configuration = AgentConfiguration()
                configuration.peers = "allow = [\"10.99.0.0/24\"]"
                try node.reload(configuration)
                try await eventually("peers from elsewhere are refused") { try await other.get(peer).status != 200 }
                // Long before an idle one would be.
                try await eventually("so is a connection from before") { kept.isClosed }
                configuration.peers = "allow = [\"nowhere\"]"
                try node.reload(configuration)
                try await eventually("the agent says what is wrong") { try node.log().contains("nowhere") }
                #expect(try node.agent.isRunning)
                #expect(try await other.get(peer).status != 200)
                #expect(try await node.mirror("", namespace: nil).status == 200)
            }
        }

        @Test(
            "deploy/run --detach returns when the agent is ready, skopeo copies through it, --stop stops it",
            .needs(.program("skopeo"), .program("docker-registry")))
        func run() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                _ = try await lan.registry()
                let script = "\(Environment.root)/deploy/run"
                let variables = ["SHOAL_BINARY": Environment.binary, "DEPLOY_STATE": lan.folder.path]
                let said = try await Command(
                    [
                        script, "--detach", "--data-dir", lan.folder.path + "/data", "--",
                        "--set", #"upstream."registry.test".plain_http=true"#,
                    ],
                    environment: variables, within: .seconds(120)
                ).run()
                #expect(said.contains("skopeo copy"))
                try await Command([
                    "skopeo", "--insecure-policy", "copy", "--quiet", "--src-tls-verify=false",
                    "docker://127.0.0.1:5050/" + image.tagged(), "oci:\(lan.folder.path)/copy:1",
                ]).run()
                let stopped = try await Command([script, "--stop"], environment: variables).run()
                #expect(stopped.contains("stopped"))
                let probe = Command(["curl", "--silent", "http://127.0.0.1:5052/readyz"])
                #expect(try await !probe.result().succeeded)
            }
        }

        @Test("deploy/demo shows what it claims", .needs(.program("containerd"), .program("docker-registry")))
        func demo() async throws {
            let said = try await Command(
                ["\(Environment.root)/deploy/demo"], environment: ["SHOAL_BINARY": Environment.binary],
                within: .seconds(300)
            ).run()
            print(said)
            #expect(!said.contains("NO:"))
            #expect(said.contains("yes: nothing came from upstream after that: 0 bytes left the registry"))
        }
    }
}

/// A connection to a peers' listener from the test process's own place, on which one question was asked.
private final class KeptConnection {
    private let descriptor: CInt

    init(to address: String) {
        var target = withUnsafeBytes(of: sa_family_t(AF_INET)) { Array($0) } + [UInt8(5051 >> 8), UInt8(5051 & 0xff)]
        target += address.split(separator: ".").compactMap { UInt8($0) } + [UInt8](repeating: 0, count: 8)
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        let isConnected = target.withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { connect(descriptor, $0.baseAddress, socklen_t(16)) == 0 }
        }
        let request = Array("GET /v1/node HTTP/1.1\r\nHost: node\r\n\r\n".utf8)
        if isConnected { _ = send(descriptor, request, request.count, CInt(MSG_NOSIGNAL)) }
    }

    deinit { close(descriptor) }

    var isAnswered: Bool { received > 0 }
    /// Takes what has come before the end.
    var isClosed: Bool { received == 0 }

    /// Bytes that have come and are taken now; 0 at the end, less where there are none.
    private var received: Int {
        var bytes = [UInt8](repeating: 0, count: 4096)
        return recv(descriptor, &bytes, bytes.count, CInt(MSG_DONTWAIT))
    }
}
