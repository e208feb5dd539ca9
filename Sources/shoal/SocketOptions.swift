import Agent
import ArgumentParser

/// How the commands that ask the agent find it.
struct SocketOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The agent's admin socket.",
            discussion: """
                Default: $SHOAL_ADMIN_SOCKET, else admin.socket of /etc/shoal/config.toml, else \
                /run/shoal/shoal.sock, else $XDG_RUNTIME_DIR/shoal.sock.
                """,
            valueName: "path"))
    var socket: String?

    func validate() throws {
        if socket?.isEmpty == true { throw ValidationError("--socket wants the path of a socket, not nothing") }
    }

    var client: AdminClient {
        AdminClient(sockets: AdminSocketSearch(explicit: socket, environment: Environment.variables).candidates)
    }
}
