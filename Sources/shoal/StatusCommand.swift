import Agent
import ArgumentParser

/// `shoal status`
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows what the agent of this node holds, knows and does.",
        discussion: """
            Requests that needed no byte from upstream are what Shoal is for. Bytes count since local midnight, and since the \
            agent started.

            With --watch on a terminal: q quits, p pauses, s sorts downloads and peers in another way.

            For scripts:
              shoal status --json | jq .bytes.upstream
            """)

    @Flag(help: "Prints JSON; with --watch one object a line.")
    var json = false

    @Flag(help: "Shows it again every second, until q or Ctrl-C.")
    var watch = false

    @OptionGroup var agent: SocketOptions

    func run() async throws {
        // Nobody there at the start is an error; an agent that restarts meanwhile is what one may be watching.
        let first = try await agent.client.status()
        if watch, !json, Terminal.canDraw { return await draw(first.value) }
        show(first)
        while watch {
            try await Task.sleep(for: .seconds(1))
            do {
                show(try await agent.client.status())
            } catch {
                Output.printError("shoal: \(error)\n")
            }
        }
    }

    private func show(_ answer: AdminClient.Answer<StatusSnapshot>) {
        if json { return Output.printJSON(answer.json) }
        Output.print(StatusText(answer.value).render(Output.style))
    }

    /// Until somebody has seen enough.
    private func draw(_ first: StatusSnapshot) async {
        var screen = StatusScreen(first, hasColor: Output.style.hasColor)
        let events = WatchTerminal.enter()
        defer { WatchTerminal.leave() }
        draw(screen)
        for await event in events {
            switch event {
            case .key(let key): if screen.press(key) == .quit { return }
            case .tick where screen.isPaused: continue
            case .tick: await ask(&screen)
            case .spoilt: break
            case .gone: return
            }
            draw(screen)
        }
    }

    private func draw(_ screen: StatusScreen) {
        let (columns, rows) = Terminal.size
        Output.print(screen.draw(columns: columns, rows: rows))
    }

    private func ask(_ screen: inout StatusScreen) async {
        do {
            screen.show(try await agent.client.status().value)
        } catch {
            screen.miss("shoal: \(error)")
        }
    }
}
