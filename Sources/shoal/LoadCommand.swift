import Agent
import Archive
import ArgumentParser
import Glibc
import OCI
import SystemPackage

/// `shoal load`
struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Loads images from an archive into the local namespace.",
        discussion: """
            Takes what 'docker save', 'podman save', skopeo, buildah and 'ctr images export' write, packed by gzip or not, \
            and a folder in OCI's layout. It is read once, from front to back, and nothing is unpacked. Every blob is checked \
            against its digest; images get their names at the end, so that a load that fails or is broken off leaves none.

            Names of localhost:5050 stay. Those without a registry, of docker.io and of localhost become local: \
            docker.io/library/nginx:1.27 is localhost:5050/nginx:1.27. An image of another registry, or without a name, gets \
            one by --name; with a repository alone it keeps the tags that the archive has for it.

            Exit code 1 where nothing was loaded, with the reason.

              shoal load app.tar.gz
              docker save team/app:v1 | shoal load
              shoal load layout/ --name localhost:5050/team/app:v1
            """)

    @Argument(
        help: ArgumentHelp(
            "An archive, a folder in OCI's layout, or - for standard input, which is the default.", valueName: "file"))
    var source = "-"

    @Option(
        help: ArgumentHelp(
            "What the archive's image is to be called: localhost:5050/team/app:v1, or without a tag.", valueName: "name"
        ),
        transform: Self.name)
    var name: LoadName?

    @Flag(help: "Prints JSON, one object a line.")
    var json = false

    @OptionGroup var agent: SocketOptions

    func validate() throws {
        if source.isEmpty { throw ValidationError("name an archive, a folder, or - for standard input, not nothing") }
    }

    func run() async throws {
        let source = try open()
        var view = LoadView(isJSON: json, length: source.length)
        var failure: LoadFailure?
        defer { view.end() }
        try await agent.client.load(source, LoadQuery(name: name)) { line in
            view.show(line)
            if case .error(let error) = line.value { failure = error }
        }
        view.end()
        if let failure { throw CommandFailure(message: "\(failure)") }
    }

    private func open() throws -> ArchiveSource {
        guard source == "-" else { return try ArchiveSource(path: FilePath(source)) }
        guard isatty(STDIN_FILENO) == 0 else {
            throw CommandFailure(
                exitCode: 2,
                message: "standard input is a terminal; name an archive, or pipe one in: shoal load app.tar")
        }
        return try ArchiveSource(reading: STDIN_FILENO, name: "standard input")
    }

    @Sendable private static func name(_ text: String) throws -> LoadName {
        do throws(OCIError) {
            return try LoadName(text)
        } catch {
            throw ValidationError(error.message)
        }
    }
}

/// How a load is shown.
private struct LoadView {
    let isJSON: Bool
    private var text: LoadText
    private var area: LiveArea?

    init(isJSON: Bool, length: Int64?) {
        self.isJSON = isJSON
        text = LoadText(length: length)
        guard !isJSON, Terminal.canDraw else { return }
        area = LiveArea()
        Terminal.restoreCursorOnSignals()
    }

    mutating func show(_ line: AdminClient.Answer<LoadEvent>) {
        if isJSON { return Output.printJSON(line.json) }
        let above = text.line(line.value)
        guard area != nil else { return Output.print(above) }
        if let progress = text.progress(line.value) {
            draw([progress])
        } else if !above.isEmpty {
            draw(above: above, [])
        }
    }

    /// Nothing more will come. May be called twice.
    mutating func end() {
        guard area != nil else { return }
        draw([])
        Output.print(area?.end() ?? "")
        area = nil
    }

    private mutating func draw(above: String = "", _ lines: [String]) {
        Output.print(area?.draw(above: above, lines) ?? "")
    }
}
