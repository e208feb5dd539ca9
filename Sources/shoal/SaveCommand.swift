import Agent
import ArgumentParser
import Glibc
import OCI
import SystemPackage

/// `shoal save`
struct SaveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "save",
        abstract: "Saves images of the local namespace as an archive.",
        discussion: """
            One archive for all of them, with what they share in it once: an OCI image layout with Docker's manifest.json, \
            which 'docker load', 'podman load', skopeo (oci-archive: and docker-archive:), 'ctr images import' and 'shoal \
            load' take. Of an image for several platforms, those that are here. The file gets its name when it is whole. \
            Names are read as Docker reads them; those of the local namespace begin with localhost:5050/.

            Exit code 1 where there is no such image, or not all of it can be had.

              shoal save localhost:5050/team/app:v1 -o app.tar
              shoal save localhost:5050/team/app:v1 localhost:5050/team/db:v3 | gzip > team.tar.gz
              shoal save localhost:5050/team/app:v1 | ssh node-7 shoal load
            """)

    @Argument(help: "Images' names, with a tag or a digest.", transform: Self.image)
    var images: [ImageReference]

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The archive. Default: standard output, where that is no terminal.", valueName: "file"))
    var output: String?

    @OptionGroup var agent: SocketOptions

    func validate() throws {
        if output?.isEmpty == true { throw ValidationError("--output wants the name of a file, not nothing") }
    }

    func run() async throws {
        let target: ArchiveTarget
        if let output {
            target = try ArchiveTarget(path: FilePath(output))
        } else {
            guard !Output.isTerminal else {
                throw CommandFailure(
                    exitCode: 2, message: "an archive is nothing for a terminal; name a file with -o, or pipe it on")
            }
            target = try ArchiveTarget(writing: STDOUT_FILENO, name: "standard output")
        }
        let count: Int64
        do {
            count = try await agent.client.save(images) { try await target.write($0) }
            try await target.finish()
        } catch {
            target.abandon()
            throw error
        }
        if let output { Output.print(LoadText.saved(images.count, to: output, bytes: count)) }
    }

    @Sendable private static func image(_ text: String) throws -> ImageReference {
        do throws(OCIError) {
            return try ImageReference(normalizing: text)
        } catch {
            throw ValidationError(error.message)
        }
    }
}
