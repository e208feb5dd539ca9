import Agent
import ArgumentParser
import OCI

/// `shoal pin`
struct PinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin",
        abstract: "Keeps images in Shoal's store on this node, whatever else needs room.",
        discussion: """
            The pin is the name's: where the tag comes to mean another image, that one is kept. shoal images shows what is pinned.

            Have the base images at hand when the registry is away:
              shoal pull --into store debian:12 && shoal pin debian:12
              shoal pin --remove debian:12
            """)

    @Argument(help: "Names of images that this node has.", transform: ImageArgument.read)
    var images: [ImageReference]

    @Flag(name: .customLong("remove"), help: "Keeps them no more.")
    var isRemoved = false

    @OptionGroup var agent: SocketOptions

    func run() async throws {
        for image in images {
            try await agent.client.pin(image, !isRemoved)
            Output.print("\(image) is \(isRemoved ? "no longer pinned" : "pinned")\n")
        }
    }
}
