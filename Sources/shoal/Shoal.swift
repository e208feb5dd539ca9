import Agent
import ArgumentParser

/// The command line: parses, calls the library, prints.
@main
struct Shoal: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shoal",
        abstract: "Shares container image layers between the nodes of a LAN.",
        discussion: """
            An agent runs beside the container runtime of every node. It answers the runtime's pulls from the nearest \
            copy: this node, another node of the LAN, or, last, the registry.

            Start it, and see what it does:
              shoal agent
              shoal status

            Make this node's runtime pull through it (k3s, docker and podman, too), or take that back:
              shoal configure containerd
              shoal configure containerd --undo

            Point a client at it:
              skopeo copy --src-tls-verify=false \\
                docker://127.0.0.1:5050/docker.io/library/alpine:latest oci:alpine

            Exit codes: 0 fine, 1 the thing asked for is not so, 2 wrong usage or configuration.
            """,
        version: AgentVersion.current,
        subcommands: [
            AgentCommand.self, StatusCommand.self, PeersCommand.self, LocateCommand.self, ExplainCommand.self,
            EventsCommand.self, PullCommand.self,
            ImagesCommand.self, LoadCommand.self, SaveCommand.self, TagCommand.self, RemoveCommand.self,
            PinCommand.self,
            CollectCommand.self, VerifyCommand.self, ConfigureCommand.self, DoctorCommand.self, KeygenCommand.self,
        ])

    static func main() async {
        do {
            var command = try await asyncParseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            CommandOutcome(error).exit()
        }
    }
}
