import OCI

/// A pull as a terminal shows it: a bar for each layer, and one for all. A value; what it is drawn on says how large it is.
public struct PullScreen: Sendable {
    private static let barWidth = 16
    /// Beside the layers: the total, and the line of those that do not fit.
    private static let otherLines = 2

    private let style: TextStyle
    private var layers: [PulledBlob] = []
    private var places: [Digest: Int] = [:]
    private var progress: PullProgress?

    public init(_ style: TextStyle) {
        self.style = style
    }

    /// Takes an event up.
    /// - Returns: lines to print above the bars, each ended; may be nothing.
    public mutating func take(_ event: PullEvent) -> String {
        switch event {
        case .begin(let beginning): return PullText.lines(beginning)
        case .image(let image):
            layers = image.blobs.filter { $0.kind == .layer }
            places = Dictionary(layers.enumerated().map { ($1.digest, $0) }) { first, _ in first }
            return PullText.line(image)
        case .blob(let blob):
            if let place = places[blob.digest] { layers[place] = blob }
        case .progress(let progress): self.progress = progress
        case .end, .error: break
        }
        return ""
    }

    /// The lines to draw.
    /// - Parameters:
    ///   - columns: of the terminal; a line has one less, so that none wraps.
    ///   - rows: of the terminal.
    public func lines(columns: Int, rows: Int) -> [String] {
        let room = max(1, rows - Self.otherLines - 1)
        let shown = Self.shown(layers, room)
        var lines = shown.map { line(layers[$0], columns) }
        if shown.count < layers.count {
            let hidden = Set(layers.indices).subtracting(shown).map { layers[$0] }
            let waiting = hidden.count { !$0.state.isOver }
            lines.append(cut("… \(hidden.count - waiting) more done, \(waiting) more waiting", columns))
        }
        if let progress { lines.append(cut(total(progress), columns)) }
        return lines
    }

    /// Those of which there is something to see come first where not all fit; in their order.
    private static func shown(_ layers: [PulledBlob], _ room: Int) -> [Int] {
        guard layers.count > room else { return Array(layers.indices) }
        let byInterest = layers.indices.sorted {
            (layers[$0].state.interest, $0) < (layers[$1].state.interest, $1)
        }
        return byInterest.prefix(room).sorted()
    }

    private func line(_ layer: PulledBlob, _ columns: Int) -> String {
        let head = "\(layer.digest.short)  "
        let bar = ProgressBar.text(layer.done, of: layer.size, width: Self.barWidth)
        let state = layer.state == .downloading ? bar : Self.padded(layer.state.words, Self.barWidth + 2)
        var amount = Figures.bytes(layer.size)
        if layer.state == .downloading { amount = "\(Figures.bytes(layer.done))/\(amount)" }
        let rate = layer.state == .downloading && layer.rate > 0 ? "\(Figures.bytes(layer.rate))/s" : ""
        let tail = "  \(Self.aligned(amount, 15))  \(Self.aligned(rate, 9))  \(PullText.sources(layer))"
        let room = columns - 1 - head.count - state.count
        guard room > 0 else { return cut(head + state, columns) }
        return head + style.paint(state, layer.state.color) + TextTable.cut(Self.trimmed(tail), to: room)
    }

    private func total(_ progress: PullProgress) -> String {
        let bar = ProgressBar.text(progress.done, of: progress.size, width: Self.barWidth)
        return "\(Self.padded("total", 12))  \(bar)  \(PullText.text(progress))"
    }

    private func cut(_ text: String, _ columns: Int) -> String { TextTable.cut(text, to: max(1, columns - 1)) }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func aligned(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    private static func trimmed(_ text: String) -> String {
        String(text.reversed().drop { $0 == " " }.reversed())
    }
}

extension PulledBlob.State {
    var words: String {
        switch self {
        case .waiting: "waiting"
        case .downloading: "downloading"
        case .verifying: "verifying"
        case .fetched: "fetched"
        case .unpacking: "unpacking"
        case .done: "done"
        case .present: "exists"
        }
    }

    /// Whether nothing more will come of it.
    fileprivate var isOver: Bool { self == .done || self == .present }

    /// What moves is worth more of a look than what does not.
    fileprivate var interest: Int {
        switch self {
        case .downloading, .verifying: 0
        case .unpacking: 1
        case .fetched: 2
        case .waiting: 3
        case .done, .present: 4
        }
    }

    fileprivate var color: TextStyle.Color? { isOver ? .green : nil }
}
