import Agent
import ArgumentParser

/// `shoal peers`
struct PeersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "peers",
        abstract: "Lists the other nodes that this one knows.",
        discussion: """
            A peer that was not heard for a while, or refused a connection, is suspect and not asked until it is heard \
            again. Nobody there? The nodes must be on one LAN, and have the same cluster key or none.

            Which nodes are there, by name:
              shoal peers --json | jq -r '.peers[].name'
            """)

    @Flag(help: "Prints JSON.")
    var json = false

    @OptionGroup var agent: SocketOptions

    func run() async throws {
        let answer = try await agent.client.peers()
        if json { return Output.printJSON(answer.json) }
        Output.print(PeersText(answer.value).render(Output.style))
    }
}
