import Agent
import ArgumentParser
import OCI

/// `shoal tag`
struct TagCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tag",
        abstract: "Gives an image that is on this node a name that every node can pull.",
        discussion: """
            The name is one of the local namespace, localhost:5050/…; nothing is copied but what only the runtime holds, and this \
            node keeps the image from then on.

            Release what was tested, and pull it on any node:
              shoal tag localhost:5050/team/app:build-17 localhost:5050/team/app:stable
              nerdctl pull localhost:5050/team/app:stable
            """)

    @Argument(help: "An image that this node has, of any registry.", transform: ImageArgument.read)
    var source: ImageReference

    @Argument(help: "Its new name: localhost:5050/team/app:v1.", transform: ImageArgument.read)
    var target: ImageReference

    @Flag(help: "Prints JSON.")
    var json = false

    @OptionGroup var agent: SocketOptions

    func run() async throws {
        let answer = try await agent.client.tag(source, as: target)
        if json {
            Output.printJSON(answer.json)
        } else {
            Output.print("\(answer.value.name) is \(answer.value.digest)\n")
        }
    }
}
