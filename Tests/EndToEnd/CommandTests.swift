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

        @Test("SIGHUP reads the configuration again, and serving goes on")
        func reload() async throws {
            try await LAN.with { lan in
                let node = try await lan.node()
                let agent = try node.agent
                agent.send(SIGHUP)
                try await eventually("the agent says that it read its configuration") {
                    try String(decoding: Data(contentsOf: URL(filePath: node.agentLog)), as: UTF8.self)
                        .contains("configuration was read again")
                }
                #expect(agent.isRunning)
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
