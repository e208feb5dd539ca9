import ArgumentParser
import Runtimes
import SystemPackage
import Testing

@testable import shoal

@Suite struct ConfigureCommandTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func run(_ arguments: String...) -> Int32 {
        do {
            var command = try Shoal.parseAsRoot(arguments)
            try command.run()
            return 0
        } catch {
            return CommandOutcome(error).exitCode
        }
    }

    private func write(_ text: String, to name: String) throws -> String {
        let path = folder.path.appending(name)
        let file = try FileDescriptor.open(
            path, .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
        _ = try file.closeAfter { try file.writeAll(text.utf8) }
        return path.string
    }

    private func text(_ name: String) throws -> String? {
        guard let file = try? FileDescriptor.open(folder.path.appending(name), .readOnly) else { return nil }
        return try file.closeAfter {
            try String(unsafeUninitializedCapacity: 1 << 16) { buffer in
                try file.read(into: UnsafeMutableRawBufferPointer(buffer))
            }
        }
    }

    private func hosts(_ registry: String) throws -> String? { try text("certs/\(registry)/hosts.toml") }

    @Test("containerd's files are where the options say, and the address is that of the agent's configuration")
    func containerd() throws {
        let agent = try write(
            "[mirror]\nlisten = [\"127.0.0.1:7070\"]\n[upstream.\"registry.lan\"]\nurl = \"http://registry.lan\"\nplain_http = true\n",
            to: "agent.toml")
        let config = try write("version = 2\n", to: "config.toml")
        let certs = folder.path.appending("certs").string
        let arguments = ["--certs-dir", certs, "--runtime-config", config, "--config", agent]
        func configure(_ more: String...) -> Int32 {
            do {
                var command = try Shoal.parseAsRoot(["configure", "containerd"] + arguments + more)
                try command.run()
                return 0
            } catch {
                return CommandOutcome(error).exitCode
            }
        }
        #expect(configure("--registry", "registry.lan,docker.io", "--registry", "ghcr.io", "--dry-run") == 0)
        #expect(try hosts("docker.io") == nil)
        #expect(configure("--registry", "registry.lan,docker.io", "--registry", "ghcr.io") == 0)
        for registry in ["registry.lan", "docker.io", "ghcr.io"] {
            #expect(try hosts(registry)?.contains("[host.\"http://127.0.0.1:7070\"]") == true)
        }
        #expect(try hosts("registry.lan")?.contains("server = \"http://registry.lan\"") == true)
        #expect(try text("config.toml")?.contains("config_path = \"\(certs)\"") == true)
        #expect(configure("--undo", "--dry-run") == 0)
        #expect(try hosts("docker.io") != nil)
        #expect(configure("--undo") == 0)
        #expect(try hosts("docker.io") == nil)
        #expect(try text("config.toml") == "version = 2\n")
    }

    @Test("a file that cannot be parsed is exit code 1, and stays")
    func broken() throws {
        let file = try write("{ broken", to: "daemon.json")
        #expect(run("configure", "docker", "--runtime-config", file) == 1)
        #expect(try text("daemon.json") == "{ broken")
    }

    @Test("dockerd gets the listener for bare names")
    func docker() throws {
        let agent = try write("[mirror]\ndocker_listen = \"127.0.0.1:6054\"\n", to: "agent.toml")
        let file = folder.path.appending("daemon.json").string
        #expect(run("configure", "docker", "--runtime-config", file, "--config", agent) == 0)
        #expect(try text("daemon.json") == "{ \"registry-mirrors\": [ \"http://127.0.0.1:6054\" ] }\n")
        #expect(run("configure", "docker", "--runtime-config", file, "--config", agent, "--undo") == 0)
        #expect(try text("daemon.json") == nil)
        let off = try write("[mirror]\ndocker_listen = \"\"\n", to: "off.toml")
        #expect(run("configure", "docker", "--runtime-config", file, "--config", off) == 1)
    }

    @Test("k3s and podman take a file, too", arguments: ["k3s", "podman"])
    func others(runtime: String) throws {
        let file = folder.path.appending("conf.d/x.conf").string
        #expect(run("configure", runtime, "--runtime-config", file, "--registry", "quay.io") == 0)
        #expect(try text("conf.d/x.conf")?.contains("127.0.0.1:5050") == true)
        #expect(run("configure", runtime, "--runtime-config", file, "--undo") == 0)
        #expect(try text("conf.d/x.conf") == nil)
    }

    @Test(
        "wrong usage is exit code 2",
        arguments: [
            ["configure", "rkt"], ["configure", "containerd", "--registry", "UPPER/CASE"],
            ["configure", "containerd", "--registry", ""], ["configure", "docker", "--registry", "docker.io"],
            ["configure", "containerd", "--certs-dir", ""], ["configure", "containerd", "--containerd-version", "new"],
            ["configure", "k3s", "--config", ""], ["configure", "podman", "x"],
        ])
    func usage(arguments: [String]) {
        #expect(throws: (any Error).self) { try Shoal.parseAsRoot(arguments) }
        do {
            _ = try Shoal.parseAsRoot(arguments)
        } catch {
            #expect(CommandOutcome(error).exitCode == 2)
        }
    }

    @Test("an agent's configuration that is wrong is exit code 2, one that is not there 2 where it was named")
    func agentConfiguration() throws {
        let bad = try write("nonsense = 1\n", to: "agent.toml")
        #expect(run("configure", "docker", "--config", bad, "--dry-run") == 2)
        #expect(run("configure", "docker", "--config", folder.path.appending("none").string, "--dry-run") == 2)
    }
}
