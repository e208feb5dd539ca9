import Agent
import ArgumentParser
import Glibc

/// `shoal events`
struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Prints what happens in the agent, one JSON object a line, until Ctrl-C.",
        discussion: """
            Types: \(types).

            Who gave what, for every pull:
              shoal events --type pull | jq -c '.pull | [.image, .bytes.peers, .bytes.upstream]'
            """)

    private static let types = Happening.Kind.allCases.map(\.rawValue).joined(separator: ", ")

    @Option(help: ArgumentHelp("Prints events of this type only; may be repeated.", valueName: "type"))
    var type: [String] = []

    @OptionGroup var agent: SocketOptions

    func validate() throws {
        for name in type where Happening.Kind(rawValue: name) == nil {
            throw ValidationError("there is no event of type '\(name)'; there are: \(Self.types)")
        }
    }

    func run() async throws {
        // Whoever has heard enough ends it with Ctrl-C, or closes the pipe: nothing went wrong then.
        signal(SIGINT) { _ in _exit(0) }
        signal(SIGPIPE, SIG_IGN)
        let (client, wanted) = (agent.client, Set(type))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await client.events { line in
                    guard wanted.isEmpty || wanted.contains(line.value.type) else { return }
                    guard Output.printLine(line.json) else { _exit(0) }
                }
            }
            group.addTask {
                while !Output.isReaderGone { try await Task.sleep(for: .milliseconds(500)) }
                _exit(0)
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
