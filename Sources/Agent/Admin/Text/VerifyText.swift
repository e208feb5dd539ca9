import OCI

/// A verification as `shoal verify` prints it: what is at fault, and on a terminal a line that shows how far it is.
public struct VerifyText: Sendable {
    private static let barWidth = 30

    private let style: TextStyle
    /// Whether the line of progress is drawn and drawn over.
    private let isLive: Bool
    private var scope = VerifyScope(query: "", blobs: 0, bytes: 0)
    private var hasBar = false

    /// - Parameter isLive: whether the text goes to a terminal.
    public init(_ style: TextStyle, isLive: Bool) {
        self.style = style
        self.isLive = isLive
    }

    /// What to print for an event; may be nothing.
    public mutating func render(_ event: VerifyEvent) -> String {
        switch event {
        case .begin(let scope):
            self.scope = scope
            let amount = "\(Figures.count(scope.blobs, "blob")), \(Figures.bytes(scope.bytes))"
            return "Verifying \(scope.query.escapingControls): \(amount)\n"
        case .progress(let progress): return isLive ? bar(progress) : ""
        case .fault(let fault): return wipe() + text(fault)
        case .end(let summary): return wipe() + text(summary)
        }
    }

    /// What to print before something else is said in the middle of it.
    public mutating func breakOff() -> String { wipe() }

    private mutating func bar(_ progress: VerifyProgress) -> String {
        // What stores hold may change while it is read.
        let percent = min(100, Figures.percent(progress.bytes, of: scope.bytes) ?? 100)
        let bar = ProgressBar.text(Int64(percent), of: 100, width: Self.barWidth)
        let line =
            "\(bar) \(percent)%  \(progress.blobs)/\(scope.blobs)  "
            + "\(Figures.bytes(progress.bytes)) of \(Figures.bytes(scope.bytes))"
        let text = "\r\u{1b}[K\(line.prefix(TextStyle.width - 1))"
        hasBar = true
        return text
    }

    private mutating func wipe() -> String {
        defer { hasBar = false }
        return hasBar ? "\r\u{1b}[K" : ""
    }

    private func text(_ fault: VerifyFault) -> String {
        let word = style.paint(fault.fault.rawValue, fault.fault == .unreadable ? .yellow : .red)
        let place = fault.place == .containerd ? "containerd" : "Shoal's store"
        var lines = ["\(word)  \(fault.digest)  \(Figures.bytes(fault.size)), in \(place): \(fault.reason)"]
        lines += fault.images.map { "  image  \($0)" }
        if fault.imageCount > fault.images.count {
            lines.append("  image  and \(fault.imageCount - fault.images.count) more")
        }
        lines += fault.mend.map { "  mend   \($0)" }
        lines.append("  note   \(fault.note)")
        // Names of images are strangers' text.
        return lines.enumerated().map { ($0 == 0 ? $1 : $1.escapingControls) + "\n" }.joined()
    }

    private func text(_ summary: VerifySummary) -> String {
        var parts = ["\(summary.intact) intact"]
        if summary.damaged > 0 { parts.append(style.paint("\(summary.damaged) damaged", .red)) }
        if summary.missing > 0 { parts.append(style.paint("\(summary.missing) missing", .red)) }
        if summary.unreadable > 0 { parts.append(style.paint("\(summary.unreadable) unreadable", .yellow)) }
        if summary.gone > 0 { parts.append("\(summary.gone) let go meanwhile") }
        let amount = "\(Figures.bytes(summary.bytes)) in \(Figures.duration(seconds: summary.seconds))"
        return "\(parts.joined(separator: ", ")); read \(amount)\n"
    }
}
