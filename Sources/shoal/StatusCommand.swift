import Agent
import ArgumentParser

/// `shoal status`
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows what the agent of this node holds, knows and does.",
        discussion: """
            Requests that needed no byte from upstream are what Shoal is for. Bytes count since the agent started.

            For scripts:
              shoal status --json | jq .bytes.upstream
            """)

    @Flag(help: "Prints JSON; with --watch one object a line.")
    var json = false

    @Flag(help: "Shows it again every second, until Ctrl-C.")
    var watch = false

    @OptionGroup var agent: SocketOptions

    func run() async throws {
        // Nobody there at the start is an error; an agent that restarts meanwhile is what one may be watching.
        show(try await agent.client.status())
        while watch {
            try await Task.sleep(for: .seconds(1))
            do {
                show(try await agent.client.status())
            } catch {
                clear()
                Output.printError("shoal: \(error)\n")
            }
        }
    }

    private func show(_ answer: AdminClient.Answer<StatusSnapshot>) {
        if json { return Output.printJSON(answer.json) }
        clear()
        Output.print(StatusText(answer.value).render(Output.style))
    }

    /// Begins at the top of an empty screen, where there is one.
    private func clear() {
        if watch, !json, Output.isTerminal { Output.print("\u{1b}[H\u{1b}[2J") }
    }
}
