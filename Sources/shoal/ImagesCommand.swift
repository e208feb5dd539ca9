import Agent
import ArgumentParser

/// `shoal images`
struct ImagesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "images",
        abstract: "Lists the images that this node knows, and how many nodes have each.",
        discussion: """
            Images of the local namespace (localhost:5050/…) are those of all nodes; the others are what the mirror and the \
            runtime of this node have. HERE says whether the image can be pulled from this node alone, COPIES how many nodes it can \
            be pulled from, KEPT why it does not go when room is needed.

            What would be lost if this node were switched off?
              shoal images --json | jq -r '.images[] | select(.here and .copies == 1).name'
            """)

    @Flag(help: "Prints JSON.")
    var json = false

    @OptionGroup var agent: SocketOptions

    func run() async throws {
        let answer = try await agent.client.images()
        if json {
            Output.printJSON(answer.json)
        } else {
            Output.print(ImagesText(answer.value).render(Output.style))
        }
    }
}
