import OCI

/// A pull as `shoal pull` prints it where there is no terminal: a line for what begins, for each layer that is there, and for the end.
public struct PullText: Sendable {
    /// How far it is is told at least so often, in seconds of the pull.
    private static let every: Double = 10

    private let style: TextStyle
    private var told: Double = 0

    public init(_ style: TextStyle) {
        self.style = style
    }

    /// What to print for an event; may be nothing.
    public mutating func render(_ event: PullEvent) -> String {
        switch event {
        case .begin(let beginning): Self.lines(beginning)
        case .image(let image): Self.line(image)
        case .blob(let blob): blob.kind == .layer ? line(blob) : ""
        case .progress(let progress): line(progress)
        case .end(let summary): Self.lines(summary)
        // Said on standard error, with the exit code.
        case .error: ""
        }
    }

    private mutating func line(_ progress: PullProgress) -> String {
        guard progress.seconds - told >= Self.every, progress.done < progress.size else { return "" }
        told = progress.seconds
        return Self.text(progress) + "\n"
    }

    private func line(_ blob: PulledBlob) -> String {
        switch blob.state {
        case .present, .fetched, .done: break
        case .waiting, .downloading, .verifying, .unpacking: return ""
        }
        // What was fetched and is to be unpacked is told of once it is unpacked, too.
        let word =
            switch blob.state {
            case .present: "exists"
            case .fetched: "fetched"
            default: "done"
            }
        let sources = Self.sources(blob)
        return
            "\(blob.digest.short)  \(word)  \(Figures.bytes(blob.size))\(sources.isEmpty ? "" : "  from \(sources)")\n"
    }

    // MARK: Words that a terminal shows too

    static func lines(_ beginning: PullBeginning) -> String {
        var place = "Shoal's store"
        if let namespace = beginning.namespace {
            let unpacked = beginning.snapshotter.map { ", unpacked by \($0)" } ?? ", not unpacked"
            place = "containerd, namespace \(namespace)\(unpacked)"
        }
        let first = "Pulling \(beginning.image) for \(beginning.platform) into \(place)"
        return [first, beginning.note].compactMap { $0 }.map { $0.escapingControls + "\n" }.joined()
    }

    static func line(_ image: PulledImage) -> String {
        let layers = image.blobs.count { $0.kind == .layer }
        let platforms = image.platforms.count > 1 ? " for \(image.platforms.count) platforms" : ""
        return "\(image.digest): \(Figures.count(layers, "layer"))\(platforms), \(Figures.bytes(image.size))\n"
    }

    /// `63%  140 MB of 220 MB  32 MB/s  3 s left`
    static func text(_ progress: PullProgress) -> String {
        let percent = Figures.percent(progress.done, of: progress.size) ?? 100
        let text = "\(percent)%  \(Figures.bytes(progress.done)) of \(Figures.bytes(progress.size))"
        // When all is here what remains is unpacking.
        guard progress.done < progress.size else { return text }
        let left = progress.secondsLeft.map { "  \(Figures.duration(seconds: min($0, 8_640_000))) left" } ?? ""
        return "\(text)  \(Figures.bytes(progress.rate))/s\(left)"
    }

    /// By name, those that gave the most first.
    static func sources(_ blob: PulledBlob) -> String {
        SourceWords.text(blob.sources.map { ($0.words, $0.bytes) })
    }

    /// What came of a pull.
    public static func lines(_ summary: PullSummary) -> String {
        let bytes = summary.bytes
        var parts = [
            "\(Figures.bytes(bytes.peers)) from peers", "\(Figures.bytes(bytes.upstream)) from upstream",
            "\(Figures.bytes(bytes.store)) from this node",
        ]
        if bytes.present > 0 { parts.append("\(Figures.bytes(bytes.present)) existed") }
        let tenths = Int64((summary.seconds * 10).rounded())
        let seconds = tenths < 600 ? "\(tenths / 10).\(tenths % 10) s" : Figures.duration(seconds: tenths / 10)
        return """
            \(summary.image.escapingControls): \(Figures.bytes(summary.size)) in \(seconds)
            \(parts.joined(separator: ", "))

            """
    }
}

extension PulledBlob.Source {
    /// A peer by its name, which is a stranger's text; `upstream`; `this node`.
    var words: String {
        switch kind {
        case "peer": (name ?? id ?? "a peer").escapingControls
        case "store": "this node"
        default: kind.escapingControls
        }
    }
}
