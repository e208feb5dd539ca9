import Agent
import ArgumentParser

/// `shoal gc`
struct CollectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Removes blobs from Shoal's store that no tag, no pin and nothing under way needs.",
        discussion: """
            The agent does the same by itself every ten minutes, for what is older than store.grace. What was fetched from registries \
            stays until room is needed; what containerd holds is containerd's.

            What would go, and then let it go at once:
              shoal gc --dry-run --grace 0
              shoal gc --grace 0
            """)

    @Flag(help: "Only tells what would go.")
    var dryRun = false

    @Option(
        help: ArgumentHelp(
            "What is younger stays: seconds. Default: store.grace of the configuration.", valueName: "seconds"))
    var grace: Int64?

    @Flag(help: "Prints JSON.")
    var json = false

    @OptionGroup var agent: SocketOptions

    func validate() throws {
        if let grace, grace < 0 { throw ValidationError("--grace wants a number of seconds from 0 up") }
    }

    func run() async throws {
        let answer = try await agent.client.collect(grace: grace, dryRun: dryRun)
        if json {
            Output.printJSON(answer.json)
        } else {
            Output.print(CollectionText(answer.value).render())
        }
    }
}
