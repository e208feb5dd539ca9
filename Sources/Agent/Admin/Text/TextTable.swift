/// Rows in columns, never wider than a line: where they do not fit, the widest columns give.
struct TextTable {
    struct Column {
        var title: String
        var isNumber = false
        /// How narrow it may be made.
        var minimum = 8
    }

    struct Cell: ExpressibleByStringInterpolation {
        var text: String
        var color: TextStyle.Color?

        init(_ text: String, _ color: TextStyle.Color? = nil) {
            self.text = text.escapingControls
            self.color = color
        }

        init(stringLiteral text: String) { self.init(text) }
    }

    private static let gap = 2
    private static let indent = 2

    var columns: [Column]
    var rows: [[Cell]] = []

    func lines(_ style: TextStyle) -> [String] {
        let widths = fittedWidths(style.columns)
        let titles = columns.map { Cell($0.title, .bold) }
        return ([titles] + rows).map { cells in
            var line = String(repeating: " ", count: Self.indent)
            for (index, (cell, width)) in zip(cells, widths).enumerated() {
                let text = Self.cut(cell.text, to: width)
                let padding = String(repeating: " ", count: width - text.count)
                let painted = style.paint(text, cell.color)
                let isLast = index == columns.count - 1
                if columns[index].isNumber {
                    line += padding + painted
                } else {
                    line += isLast ? painted : painted + padding
                }
                if !isLast { line += String(repeating: " ", count: Self.gap) }
            }
            return line
        }
    }

    private func fittedWidths(_ width: Int) -> [Int] {
        var widths = columns.indices.map { index in
            max(columns[index].title.count, rows.map { $0[index].text.count }.max() ?? 0)
        }
        let room = width - Self.indent - Self.gap * (columns.count - 1)
        while widths.reduce(0, +) > room {
            let shrinkable = widths.indices.filter { widths[$0] > columns[$0].minimum }
            guard let widest = shrinkable.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
        }
        return widths
    }

    static func cut(_ text: String, to width: Int) -> String {
        text.count <= width ? text : text.prefix(max(0, width - 1)) + "…"
    }
}
