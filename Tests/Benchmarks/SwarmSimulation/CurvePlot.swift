/// Completion curves as a small SVG: how much of the blob has come to the nodes by when, against the lower bound.
struct CurvePlot {
    private let reports: [SimulationReport]
    private static let width = 640.0
    private static let height = 320.0
    private static let margin = 44.0
    /// Time axis: so many lower bounds.
    private static let span = 1.6
    private static let colours = ["#0b6e99", "#d9730d", "#448361", "#9065b0", "#c14c8a", "#7d7a75"]

    init(_ reports: [SimulationReport]) {
        self.reports = Array(reports.prefix(Self.colours.count))
    }

    var svg: String {
        let legend = Double(reports.count + 1) * 18
        let all = Self.height + legend + 16
        var text = """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(Self.width)) \(Int(all))" \
            font-family="sans-serif" font-size="12">
            <rect width="100%" height="100%" fill="#fff"/>

            """
        for step in 0...4 {
            let share = Double(step) / 4
            text += line((0, share), (Self.span, share), "#ddd")
            text += label("\(step * 25)%", Self.margin - 6, y(share) + 4, anchor: "end")
        }
        for step in 0...8 {
            let time = Double(step) / 5
            text += label(SimulationReport.figure(time), x(time), Self.height - Self.margin + 18, anchor: "middle")
        }
        text += label("time, in lower bounds", Self.width / 2, Self.height - 6, anchor: "middle")
        text += path([(0, 0), (1, 1), (Self.span, 1)], "#999", dashed: true)
        text += entry(0, "lower bound", "#999")
        for (index, report) in reports.enumerated() {
            let colour = Self.colours[index]
            var points = report.curve.map { ($0.time / report.scenario.bound, $0.share) }.filter { $0.0 <= Self.span }
            if let last = points.last, last.1 >= 1 { points.append((Self.span, 1)) }
            text += path(points, colour, dashed: false)
            text += entry(index + 1, "\(report.scenario.name): all done at \(lastOf(report)) bounds", colour)
        }
        return text + "</svg>\n"
    }

    private func lastOf(_ report: SimulationReport) -> String {
        SimulationReport.figure((report.finished.last ?? 0) / report.scenario.bound)
    }

    private func x(_ time: Double) -> Double { Self.margin + time / Self.span * (Self.width - 2 * Self.margin) }

    private func y(_ share: Double) -> Double {
        Self.height - Self.margin - share * (Self.height - 1.5 * Self.margin)
    }

    private func line(_ from: (Double, Double), _ to: (Double, Double), _ colour: String) -> String {
        "<path d=\"M\(point(from)) L\(point(to))\" stroke=\"\(colour)\"/>\n"
    }

    private func path(_ points: [(Double, Double)], _ colour: String, dashed: Bool) -> String {
        let dash = dashed ? " stroke-dasharray=\"5 4\"" : ""
        return "<path d=\"M\(points.map(point).joined(separator: " "))\" fill=\"none\" stroke=\"\(colour)\" "
            + "stroke-width=\"1.6\"\(dash)/>\n"
    }

    private func entry(_ row: Int, _ name: String, _ colour: String) -> String {
        let at = Self.height + 8 + Double(row) * 18
        return "<path d=\"M\(Self.margin),\(at) h24\" stroke=\"\(colour)\" stroke-width=\"3\"/>\n"
            + label(name, Self.margin + 32, at + 4, anchor: "start")
    }

    private func label(_ text: String, _ x: Double, _ y: Double, anchor: String) -> String {
        "<text x=\"\(tenths(x))\" y=\"\(tenths(y))\" text-anchor=\"\(anchor)\" fill=\"#333\">\(text)</text>\n"
    }

    private func point(_ point: (Double, Double)) -> String { "\(tenths(x(point.0))),\(tenths(y(point.1)))" }

    private func tenths(_ value: Double) -> String {
        let tenths = Int(value * 10 + 0.5)
        return "\(tenths / 10).\(tenths % 10)"
    }
}
