/// `shoal status --watch` on a terminal: what is shown, and what the keys do. A value; what it is drawn on says how large it is.
public struct StatusScreen: Sendable {
    /// What a key asks for.
    public enum Answer: Sendable, Equatable {
        case stay
        case quit
    }

    private let hasColor: Bool
    private var status: StatusSnapshot
    private var order = StatusOrder.name
    /// Why what is shown is old; nil where it is not.
    private var trouble: String?
    public private(set) var isPaused = false

    public init(_ status: StatusSnapshot, hasColor: Bool) {
        self.status = status
        self.hasColor = hasColor
    }

    /// A newer status has come.
    public mutating func show(_ new: StatusSnapshot) {
        status = new
        trouble = nil
    }

    /// The agent does not answer: what was shown stays.
    public mutating func miss(_ reason: String) {
        trouble = reason
    }

    public mutating func press(_ key: UInt8) -> Answer {
        switch key {
        case UInt8(ascii: "q"), UInt8(ascii: "Q"): return .quit
        case UInt8(ascii: "p"), UInt8(ascii: "P"), UInt8(ascii: " "): isPaused.toggle()
        case UInt8(ascii: "s"), UInt8(ascii: "S"): order = order.next
        default: break
        }
        return .stay
    }

    /// The picture, from the top of the terminal on: a line has one column less than that, so that none wraps.
    public func draw(columns: Int, rows: Int) -> String {
        let style = TextStyle(hasColor: hasColor, columns: max(1, columns - 1))
        let lines = StatusText(status, order: order).lines(style, rows: rows - 1)
        let padding = [String](repeating: "", count: max(0, rows - 1 - lines.count))
        return FullScreen.draw((lines + padding + [foot(style)]).map { Self.clip($0, to: style.columns) })
    }

    private func foot(_ style: TextStyle) -> String {
        if let trouble { return style.paint(TextTable.cut(trouble.escapingControls, to: style.columns), .yellow) }
        let keys = "q quits  p \(isPaused ? "goes on" : "pauses")  s sorts (by \(order.rawValue))"
        return TextTable.cut(isPaused ? "paused: \(keys)" : keys, to: style.columns)
    }

    /// A line of text and colours with no more visible characters than that: tables have a least width, and terminals have none.
    static func clip(_ line: String, to width: Int) -> String {
        var text = ""
        var visible = 0
        var isEscape = false
        for character in line {
            if character == "\u{1b}" { isEscape = true }
            if !isEscape {
                guard visible < width else { return text + (line.contains("\u{1b}") ? "\u{1b}[0m" : "") }
                visible += 1
            }
            if isEscape, character == "m" { isEscape = false }
            text.append(character)
        }
        return text
    }
}
