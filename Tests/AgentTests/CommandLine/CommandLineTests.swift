import Archive
import ArgumentParser
import Logging
import OCI
import SystemPackage
import Testing

@testable import Agent
@testable import shoal

@Suite struct CommandLineTests {
    private func parse<Command: ParsableCommand>(_ arguments: [String], as type: Command.Type = Command.self) throws
        -> Command
    {
        try #require(try Shoal.parseAsRoot(arguments) as? Command)
    }

    private func failure(_ arguments: [String]) -> CommandOutcome? {
        do {
            _ = try Shoal.parseAsRoot(arguments)
            return nil
        } catch {
            return CommandOutcome(error)
        }
    }

    @Test("the agent takes a file, settings in order, a level and a format")
    func agent() throws {
        let command = try parse(
            [
                "agent", "--config", "/c.toml", "--set", "a=1", "--set", "b=2", "--log-level", "debug", "--log-format",
                "json",
            ], as: AgentCommand.self)
        #expect(command.sources.file == "/c.toml")
        #expect(command.sources.isFileRequired)
        #expect(command.sources.settings == ["a=1", "b=2"])
        #expect(command.logLevel == .debug)
        #expect(command.logFormat == .json)
    }

    @Test("the agent's defaults are the default file, if there is one, and info")
    func agentDefaults() throws {
        let command = try parse(["agent"], as: AgentCommand.self)
        #expect(command.sources.file == ConfigurationSources.defaultFile)
        #expect(!command.sources.isFileRequired)
        #expect(command.logLevel == .info)
        #expect(command.logFormat == nil)
    }

    @Test("the commands that ask the agent take its socket and --json")
    func questions() throws {
        let status = try parse(["status", "--json", "--watch", "--socket", "/s"], as: StatusCommand.self)
        #expect(status.json && status.watch && status.agent.socket == "/s")
        #expect(try parse(["peers", "--json"], as: PeersCommand.self).json)
        let locate = try parse(["locate", "nginx", "--json"], as: LocateCommand.self)
        #expect(locate.image.description == "docker.io/library/nginx:latest")
        let verify = try parse(["verify", "nginx", "--json"], as: VerifyCommand.self)
        #expect(verify.image?.description == "docker.io/library/nginx:latest")
        #expect(try parse(["verify", "--all"], as: VerifyCommand.self).image == nil)
    }

    @Test("pull takes a name, a platform, a place and how containerd is to have it")
    func pull() throws {
        let plain = try parse(["pull", "nginx"], as: PullCommand.self)
        #expect(plain.image.description == "docker.io/library/nginx:latest")
        #expect(plain.platform == nil && plain.into == nil && plain.namespace == nil && !plain.isPacked && !plain.json)
        let command = try parse(
            [
                "pull", "ghcr.io/a/b:1", "--platform", "linux/aarch64", "--into", "containerd", "--namespace", "k8s.io",
                "--snapshotter", "native", "--json", "--socket", "/s",
            ], as: PullCommand.self)
        #expect(command.platform == .one(Platform(os: "linux", architecture: "arm64")))
        #expect(command.into == .containerd && command.namespace?.description == "k8s.io")
        #expect(command.snapshotter == "native" && command.json && command.agent.socket == "/s")
        #expect(try parse(["pull", "a", "--platform", "all"], as: PullCommand.self).platform == .all)
    }

    @Test(
        "what cannot be pulled is wrong usage, and it is said why",
        arguments: [
            (["pull"], "image"), (["pull", "UPPER"], "UPPER"), (["pull", "localhost:5050/app"], "names no registry"),
            (["pull", "a", "--platform", "arm64"], "linux/arm64"), (["pull", "a", "--namespace", "-"], "k8s.io"),
            (["pull", "a", "--snapshotter", "native", "--no-unpack"], "not both"),
            (["pull", "a", "--into", "store", "--namespace", "k8s.io"], "no namespaces"),
            (["pull", "a", "--into", "docker"], "store"),
        ])
    func wrongPulls(arguments: [String], words: String) throws {
        let outcome = try #require(failure(arguments))
        #expect(outcome.exitCode == 2)
        #expect(outcome.message.contains(words), "\(outcome.message)")
    }

    @Test("load takes an archive and a name for it, save names and a file")
    func archives() throws {
        let plain = try parse(["load"], as: LoadCommand.self)
        #expect(plain.source == "-" && plain.name == nil && !plain.json)
        let load = try parse(
            ["load", "app.tar", "--name", "team/app:v1", "--json", "--socket", "/s"], as: LoadCommand.self)
        #expect(load.source == "app.tar" && load.json && load.agent.socket == "/s")
        #expect(load.name?.description == "localhost:5050/team/app:v1")
        #expect(try parse(["load", "-"], as: LoadCommand.self).source == "-")
        let save = try parse(["save", "localhost:5050/a:1", "localhost:5050/b", "-o", "x.tar"], as: SaveCommand.self)
        #expect(save.images.map(\.description) == ["localhost:5050/a:1", "localhost:5050/b:latest"])
        #expect(save.output == "x.tar")
        #expect(try parse(["save", "localhost:5050/a"], as: SaveCommand.self).output == nil)
    }

    @Test(
        "what cannot be loaded or saved is wrong usage, and it is said why",
        arguments: [
            (["load", ""], "not nothing"), (["load", "a", "b"], "b"),
            (["load", "--name", "ghcr.io/team/app:v1"], "belongs to ghcr.io"), (["load", "--name", "UPPER"], "UPPER"),
            (["save"], "images"), (["save", "UPPER"], "UPPER"), (["save", "a", "-o", ""], "not nothing"),
        ])
    func wrongArchives(arguments: [String], words: String) throws {
        let outcome = try #require(failure(arguments))
        #expect(outcome.exitCode == 2)
        #expect(outcome.message.contains(words), "\(outcome.message)")
    }

    @Test(
        "wrong usage is exit code 2, and said",
        arguments: [
            ["frob"], ["status", "x"], ["locate"], ["locate", "UPPER"], ["locate", "sha256:abc"], ["keygen"],
            ["verify", "UPPER"], ["verify", "--all", "nginx"], ["verify", "a", "b"],
            ["keygen", ""],
            ["agent", "--log-level", "loud"], ["agent", "--log-format", "xml"], ["agent", "--config", ""],
            ["agent", "--set"], ["peers", "--socket", ""], ["--frob"],
        ])
    func usage(arguments: [String]) throws {
        let outcome = try #require(failure(arguments))
        #expect(outcome.exitCode == 2)
        #expect(!outcome.message.isEmpty)
    }

    @Test(
        "help and version are exit code 0",
        arguments: [["--help"], ["--version"], ["agent", "--help"], ["help", "locate"]])
    func help(arguments: [String]) async throws {
        // `help` is a command of the parser's own that throws when it runs.
        do {
            var command = try Shoal.parseAsRoot(arguments)
            try command.run()
            Issue.record("nothing was said")
        } catch {
            let outcome = CommandOutcome(error)
            #expect(outcome.exitCode == 0)
            #expect(!outcome.message.isEmpty)
        }
    }

    @Test("every command teaches with an example")
    func discussions() {
        for command in Shoal.configuration.subcommands {
            let name = command.configuration.commandName ?? ""
            #expect(command.configuration.discussion.contains("\n  shoal \(name)"), "\(name)")
        }
    }

    @Test("errors are one line with the exit code that they deserve")
    func errors() {
        let configuration = ConfigurationError(code: .badValue, place: "c.toml", message: "x must be y")
        #expect(CommandOutcome(configuration) == outcome(2, "shoal: c.toml: x must be y"))
        #expect(CommandOutcome(AdminClientError(.noAgent, "nobody")) == outcome(1, "shoal: nobody"))
        #expect(CommandOutcome(CommandFailure.no) == outcome(1, ""))
        #expect(CommandOutcome(Errno.addressInUse) == outcome(1, "shoal: Address already in use"))
    }

    @Test("keygen writes a key that only its owner can read, and never overwrites one")
    func keygen() throws {
        let folder = try TemporaryFolder()
        let file = folder.path.appending("cluster.key")
        let command = try parse(["keygen", file.string], as: KeygenCommand.self)
        try command.run()
        let key = try FileDescriptor.open(file, .readOnly)
        defer { try? key.close() }
        #expect(try Stat(file).permissions == [.ownerReadWrite])
        let error = #expect(throws: (any Error).self) { try command.run() }
        #expect(error.map { CommandOutcome($0).exitCode } == 1)
    }

    private func outcome(_ code: Int32, _ message: String) -> CommandOutcome {
        CommandOutcome(exitCode: code, message: message)
    }
}
