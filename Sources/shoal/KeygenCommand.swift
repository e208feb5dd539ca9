import ArgumentParser
import Discovery
import SystemPackage

/// `shoal keygen`
struct KeygenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen",
        abstract: "Makes a cluster key.",
        discussion: """
            Nodes that hold the same key trust each other: they share tags and private images too, and nobody else on the \
            LAN is answered. Without a key only public content is shared. A file that exists is left as it is.

            Make a key on one node, and copy it to the others:
              shoal keygen /etc/shoal/cluster.key
              scp -p /etc/shoal/cluster.key node-2:/etc/shoal/cluster.key
            """)

    @Argument(help: "The file to write, readable by its owner alone.")
    var file: String

    func validate() throws {
        if file.isEmpty { throw ValidationError("keygen wants the path of a file, not nothing") }
    }

    func run() throws {
        try ClusterKey.write(to: FilePath(file))
        // The agent has another working directory than whoever types this.
        let absolute = FilePath(Environment.workingDirectory).pushing(FilePath(file)).lexicallyNormalized()
        Output.print(
            """
            Wrote a new cluster key to \(absolute).
            Next: copy it to every node of the cluster, unread by anybody else, then set on each
              [peers]
              key_file = "\(absolute)"
            in /etc/shoal/config.toml and restart the agent.

            """)
    }
}
