import Agent
import ArgumentParser
import OCI

/// `shoal verify`
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Reads blobs on this node again and compares them with their digests.",
        discussion: """
            The agent reads, several blobs at a time and only while nobody else wants the disk. Without an argument it reads \
            everything here, in containerd's store and in Shoal's own; else the blobs of an image, or one blob. Names are \
            read as Docker reads them: nginx is docker.io/library/nginx:latest.

            A damaged blob is not offered to other nodes any more; it is shown with the images that need it and the \
            commands that mend it. Exit code 1 where a blob is damaged, missing or unreadable. Ctrl-C ends the reading. The \
            agent does the same by itself, slowly: see store.scrub.

              shoal verify
              shoal verify nginx
              shoal verify --json | jq -r 'select(.event == "fault").mend[]'
            """)

    @Argument(help: "An image's name, or the digest of a blob or manifest.", transform: Self.query)
    var image: VerifyQuery?

    @Flag(help: "Reads everything, as without an argument.")
    var all = false

    @Flag(help: "Prints JSON, one object a line.")
    var json = false

    @OptionGroup var agent: SocketOptions

    func validate() throws {
        if all, image != nil { throw ValidationError("either --all or one image or digest, not both") }
    }

    func run() async throws {
        var text = VerifyText(Output.style, isLive: Output.isTerminal)
        var isFine = false
        do {
            try await agent.client.verify(image ?? .everything) { line in
                if json { Output.printJSON(line.json) } else { Output.print(text.render(line.value)) }
                if case .end(let summary) = line.value { isFine = summary.isFine }
            }
        } catch {
            Output.print(text.breakOff())
            throw error
        }
        if !isFine { throw CommandFailure.no }
    }

    @Sendable private static func query(_ text: String) throws -> VerifyQuery {
        do {
            return try VerifyQuery(text)
        } catch {
            throw ValidationError(error.message)
        }
    }
}
