import Agent
import ArgumentParser
import OCI

/// `shoal explain`
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Tells the story of an image's last pulls on this node.",
        discussion: """
            Each blob, who gave how much of it and how fast, who failed and why, what was verified, and what a pull would \
            find now. The agent keeps a journal of pulls that survives its restarts. Exit code 1 where nothing is known.

            Why did the last pull of nginx take so long, and the ten before it:
              shoal explain nginx
              shoal explain --last 10 nginx
              shoal explain --json nginx | jq '.pulls[0].bytes'
            """)

    @Argument(help: "An image's name, or the digest of a blob or manifest.", transform: Self.query)
    var image: LocateQuery

    @Option(help: ArgumentHelp("How many pulls are told, 1 to 500.", valueName: "n"))
    var last = 3

    @Flag(help: "Prints JSON.")
    var json = false

    @OptionGroup var agent: SocketOptions

    func validate() throws {
        guard 1...500 ~= last else { throw ValidationError("--last wants a number from 1 to 500") }
    }

    func run() async throws {
        let answer = try await agent.client.explain(image, last: last)
        if json {
            Output.printJSON(answer.json)
        } else {
            Output.print(ExplainText(answer.value).render(Output.style))
        }
        if !answer.value.isKnown { throw CommandFailure.no }
    }

    @Sendable private static func query(_ text: String) throws -> LocateQuery {
        do {
            return try LocateQuery(text)
        } catch {
            throw ValidationError(error.message)
        }
    }
}
