public import Agent
public import ArgumentParser
import OCI

/// `shoal pull`
struct PullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Brings an image to this node.",
        discussion: """
            The agent fetches it from the other nodes, and from the registry what nobody has, as it does for the runtime. \
            Where containerd runs the image goes there, unpacked, so that a container begins at once; else into Shoal's own \
            store, from which the mirror answers. What is there already is not fetched. Names are read as Docker reads them: \
            nginx is docker.io/library/nginx:latest. Ctrl-C ends the pull; what came is kept for the next one.

            Exit code 1 where the image was not had, with the reason.

            Warm a node before a roll-out:
              shoal pull registry.example.com/team/app:2
              shoal pull --platform linux/arm64 nginx
              shoal pull --json nginx | jq -r 'select(.event == "end").bytes.upstream'
            """)

    @Argument(help: "An image's name, with a tag or a digest.", transform: Self.image)
    var image: ImageReference

    @Option(
        help: ArgumentHelp(
            "Of an image for several platforms, which: linux/arm64, linux/arm/v7, or all. Default: this machine's.",
            valueName: "os/arch[/variant]"),
        transform: Self.platforms)
    var platform: PullQuery.Platforms?

    @Option(
        help: ArgumentHelp(
            "containerd or store: Shoal's own. Default: containerd where it runs, unless it is Docker's.",
            valueName: "place"))
    var into: BlobPlace?

    @Option(
        help: ArgumentHelp(
            "containerd's namespace. Default: k8s.io where there is one, else default.", valueName: "name"),
        transform: Self.namespace)
    var namespace: ContainerdNamespace?

    @Option(
        help: ArgumentHelp(
            "What containerd unpacks with. Default: what the namespace's labels say, else overlayfs.", valueName: "name"
        ))
    var snapshotter: String?

    @Flag(name: .customLong("no-unpack"), help: "Leaves the layers packed.")
    var isPacked = false

    @Flag(help: "Prints JSON, one object a line.")
    var json = false

    @OptionGroup var agent: SocketOptions

    func validate() throws {
        if snapshotter?.isEmpty == true { throw ValidationError("--snapshotter wants a name, not nothing") }
        if isPacked, snapshotter != nil { throw ValidationError("either --snapshotter or --no-unpack, not both") }
        if into == .store, namespace != nil || snapshotter != nil {
            throw ValidationError("Shoal's own store has no namespaces and no snapshotters")
        }
        do throws(OCIError) {
            _ = try query
        } catch {
            throw ValidationError(error.message)
        }
    }

    private var query: PullQuery {
        get throws(OCIError) {
            try PullQuery(
                image: image, platforms: platform, place: into, namespace: namespace, snapshotter: snapshotter,
                unpacks: !isPacked)
        }
    }

    func run() async throws {
        var view: any PullView =
            if json {
                JSONView()
            } else if Terminal.canDraw {
                DrawnView()
            } else {
                PlainView()
            }
        var failure: PullFailure?
        defer { view.end() }
        try await agent.client.pull(try query) { line in
            view.show(line)
            if case .error(let error) = line.value { failure = error }
        }
        view.end()
        if let failure { throw CommandFailure(message: "\(failure)") }
    }

    // MARK: Arguments

    @Sendable private static func image(_ text: String) throws -> ImageReference {
        try reading { () throws(OCIError) in try ImageReference(normalizing: text) }
    }

    @Sendable private static func platforms(_ text: String) throws -> PullQuery.Platforms {
        try reading { () throws(OCIError) in try PullQuery.Platforms(text) }
    }

    @Sendable private static func namespace(_ text: String) throws -> ContainerdNamespace {
        guard let name = ContainerdNamespace(text: text) else {
            throw ValidationError("'\(text)' is no name of a containerd namespace, such as k8s.io")
        }
        return name
    }

    private static func reading<Value>(_ body: () throws(OCIError) -> Value) throws -> Value {
        do throws(OCIError) {
            return try body()
        } catch {
            throw ValidationError(error.message)
        }
    }
}

extension BlobPlace: ExpressibleByArgument {}

/// How a pull is shown.
private protocol PullView {
    mutating func show(_ line: AdminClient.Answer<PullEvent>)
    /// Nothing more will come. May be called twice.
    mutating func end()
}

private struct JSONView: PullView {
    func show(_ line: AdminClient.Answer<PullEvent>) { Output.printJSON(line.json) }
    func end() {}
}

private struct PlainView: PullView {
    private var text = PullText(Output.style)

    mutating func show(_ line: AdminClient.Answer<PullEvent>) { Output.print(text.render(line.value)) }
    func end() {}
}

private struct DrawnView: PullView {
    private var screen = PullScreen(Output.style)
    private var area = LiveArea()

    init() { Terminal.restoreCursorOnSignals() }

    mutating func show(_ line: AdminClient.Answer<PullEvent>) {
        let above = screen.take(line.value)
        switch line.value {
        case .begin, .image, .progress: draw(above: above)
        // The agent tells of progress five times a second, and that is how often it is drawn.
        case .blob: break
        case .error: draw()
        case .end(let summary):
            draw()
            Output.print(area.end() + PullText.lines(summary))
        }
    }

    mutating func end() { Output.print(area.end()) }

    private mutating func draw(above: String = "") {
        let (columns, rows) = Terminal.size
        Output.print(area.draw(above: above, screen.lines(columns: columns, rows: rows)))
    }
}
