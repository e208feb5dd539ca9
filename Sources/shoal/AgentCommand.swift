public import Agent
public import ArgumentParser
public import Logging
import SystemPackage

/// `shoal agent`
struct AgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent",
        abstract: "Runs the agent, in the foreground.",
        discussion: """
            SIGTERM and Ctrl-C let running transfers end and say goodbye to the other nodes; SIGHUP reads the \
            configuration again. Every key has a default; none is needed to begin. The configuration file is overridden \
            by variables (SHOAL_STORE_CAPACITY=50GB), those by --set.

            With a smaller store and a cluster key:
              shoal agent --set store.capacity=5GB --set peers.key_file=/etc/shoal/cluster.key

            A registry on this LAN without TLS:
              shoal agent --set 'upstream."registry.lan:5000".plain_http=true'
            """)

    @Option(
        help: ArgumentHelp(
            "The configuration file. Default: /etc/shoal/config.toml, if there is one.", valueName: "file"))
    var config: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("Sets a key of the configuration; may be repeated. Lists by comma.", valueName: "key=value"))
    var settings: [String] = []

    @Option(help: ArgumentHelp("The least level to log.", valueName: "level"))
    var logLevel: Logger.Level = .info

    @Option(
        help: ArgumentHelp(
            "The form of log lines. Default: journal where standard error is the journal, else text.",
            valueName: "format"))
    var logFormat: LogFormat?

    func validate() throws {
        if config?.isEmpty == true { throw ValidationError("--config wants the path of a file, not nothing") }
    }

    func run() async throws {
        let service = ServiceEnvironment.take(Environment.variables)
        let configuration = try sources.load()
        let format = logFormat ?? .forStandardError(environment: Environment.variables)
        let repeats = LogRepeats(configuration.limits)
        LoggingSystem.bootstrap { [logLevel] label in
            var handler = LineLogHandler(label: label, format: format, level: logLevel)
            handler.metadataProvider = .requests
            return QuietLogHandler(handler, repeats: repeats)
        }
        let logger = Logger(label: "shoal")
        for warning in configuration.warnings { logger.warning("\(warning)") }
        for warning in service.warnings { logger.warning("\(warning)") }
        try await AgentProgram(configuration: configuration, service: service, logger: logger).run()
    }

    /// What the options say about where the configuration comes from.
    var sources: ConfigurationSources {
        ConfigurationSources(
            file: config.map { FilePath($0) }, environment: Environment.variables, settings: settings)
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
extension LogFormat: ExpressibleByArgument {}
