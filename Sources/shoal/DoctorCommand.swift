import Agent
import ArgumentParser
import FoundationEssentials
import Logging
import Runtimes
import SystemPackage

/// `shoal doctor`
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Checks this node, and says how to mend what is not as it should be.",
        discussion: """
            Looks at the configuration, the agent and its listeners, the runtimes and whether they ask the mirror, peers and \
            whether their ports answer, the registries, disk, files and clock. Nothing is changed. As root it sees \
            everything. Exit code 1 where there is a fault; a warning is none.

              shoal doctor
              shoal doctor --json | jq -r '.findings[] | select(.verdict == "fault").mend'
            """)

    @Flag(help: "Prints JSON.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "The agent's configuration. Default: /etc/shoal/config.toml, if there is one.", valueName: "file"))
    var config: String?

    @OptionGroup var agent: SocketOptions

    func validate() throws {
        if config?.isEmpty == true { throw ValidationError("--config wants the path of a file, not nothing") }
    }

    func run() async throws {
        let configuration: Result<Configuration, ConfigurationError>
        do throws(ConfigurationError) {
            configuration = .success(
                try ConfigurationSources(file: config.map { FilePath($0) }, environment: Environment.variables).load())
        } catch {
            configuration = .failure(error)
        }
        let report = await Doctor(
            Doctor.Surroundings(
                configuration: configuration, agent: agent.client, containerdVersion: .installed(),
                logger: Logger(label: "doctor") { _ in SwiftLogNoOpLogHandler() })
        ).examine()
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            Output.printJSON([UInt8](try encoder.encode(report)))
        } else {
            Output.print(DoctorText(report).render(Output.style))
        }
        if !report.healthy { throw CommandFailure.no }
    }
}
