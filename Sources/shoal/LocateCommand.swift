import Agent
import ArgumentParser
import OCI

/// `shoal locate`
struct LocateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "locate",
        abstract: "Shows which nodes hold an image or a blob.",
        discussion: """
            Names are read as Docker reads them: nginx is docker.io/library/nginx:latest. Exit code 1 where nobody has it, \
            this node included.

            Who could serve nginx if Docker Hub were gone:
              shoal locate nginx
              shoal locate sha256:9f1003c480699be56815db0f8146ad2e22efea85129b5b5983d0e0fb52d9ab70
            """)

    @Argument(help: "An image's name, or the digest of a blob or manifest.", transform: Self.query)
    var image: LocateQuery

    @Flag(help: "Prints JSON.")
    var json = false

    @OptionGroup var agent: SocketOptions

    func run() async throws {
        let answer = try await agent.client.locate(image)
        if json {
            Output.printJSON(answer.json)
        } else {
            Output.print(LocateText(answer.value).render(Output.style))
        }
        if !answer.value.isHeldAnywhere { throw CommandFailure.no }
    }

    @Sendable private static func query(_ text: String) throws -> LocateQuery {
        do {
            return try LocateQuery(text)
        } catch {
            throw ValidationError(error.message)
        }
    }
}
