/// A doctor's report as `shoal doctor` prints it.
public struct DoctorText: Sendable {
    private static let margin = 9

    private let report: DoctorReport

    /// Renders this report.
    public init(_ report: DoctorReport) {
        self.report = report
    }

    /// The text, every line ended.
    public func render(_ style: TextStyle) -> String {
        report.findings.map { render($0, style) }.joined() + "\n" + total(style) + "\n"
    }

    private func render(_ finding: Finding, _ style: TextStyle) -> String {
        let verdict = finding.verdict.rawValue
        let indent = String(repeating: " ", count: Self.margin)
        var lines = TextWrap.lines(
            "\(finding.check): \(finding.message.escapingControls)", width: TextStyle.width - Self.margin)
        let padding = String(repeating: " ", count: Self.margin - verdict.count)
        lines[0] = style.paint(verdict, color(finding.verdict)) + padding + lines[0]
        // A mend is for copying: its lines are as long as they are.
        let mend = finding.mend.map { ["\(indent)→ \($0.escapingControls)"] } ?? []
        return (lines.enumerated().map { $0.offset == 0 ? $0.element : indent + $0.element } + mend)
            .map { $0 + "\n" }.joined()
    }

    private func total(_ style: TextStyle) -> String {
        let faults = report.findings.count { $0.verdict == .fault }
        let warnings = report.findings.count { $0.verdict == .warning }
        let text = "\(Figures.count(faults, "fault")), \(Figures.count(warnings, "warning"))"
        return style.paint(text, faults > 0 ? .red : warnings > 0 ? .yellow : .green)
    }

    private func color(_ verdict: Finding.Verdict) -> TextStyle.Color {
        switch verdict {
        case .ok: .green
        case .warning: .yellow
        case .fault: .red
        }
    }
}
