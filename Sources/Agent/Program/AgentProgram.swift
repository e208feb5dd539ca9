public import Logging

/// The agent. This version only stands in for the lead's while the command line is built.
public struct AgentProgram {
    private let logger: Logger

    public init(configuration: Configuration, logger: Logger) throws {
        self.logger = logger
    }

    public func run() async throws {
        logger.info("nothing to run")
    }
}
