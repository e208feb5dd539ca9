import Agent
import ArgumentParser
import OCI

/// `shoal rm`
struct RemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Takes images of the local namespace away, on every node.",
        discussion: """
            A name with a tag is one tag; with a digest it is the manifest and every tag that means it. The blobs go after \
            store.grace where nothing else needs them, or at once by shoal gc --grace 0.

            Remove a release:
              shoal rm localhost:5050/team/app:v1
            """)

    @Argument(help: "Names of the local namespace: localhost:5050/team/app:v1.", transform: ImageArgument.read)
    var images: [ImageReference]

    @OptionGroup var agent: SocketOptions

    func run() async throws {
        for image in images {
            try await agent.client.remove(image)
            Output.print("\(image) is removed\n")
        }
    }
}
