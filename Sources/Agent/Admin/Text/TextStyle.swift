/// How text may look where it goes.
public struct TextStyle: Sendable, Equatable {
    /// Whether colours may be used.
    public var hasColor: Bool
    /// Columns of a line.
    public var columns: Int
    /// Columns of a line where nobody says how many there are.
    public static let width = 80

    /// Nothing but text.
    public static let plain = TextStyle(hasColor: false)

    /// Makes a style.
    public init(hasColor: Bool, columns: Int = TextStyle.width) {
        self.hasColor = hasColor
        self.columns = columns
    }

    /// What standard output wants: colour on a terminal only, and not where `NO_COLOR` is set (no-color.org).
    public init(isTerminal: Bool, environment: [String: String], columns: Int = TextStyle.width) {
        let isForbidden = !(environment["NO_COLOR"] ?? "").isEmpty || environment["TERM"] == "dumb"
        self.init(hasColor: isTerminal && !isForbidden, columns: columns)
    }

    enum Color: String {
        case bold = "1"
        case red = "31"
        case green = "32"
        case yellow = "33"
    }

    func paint(_ text: String, _ color: Color?) -> String {
        guard hasColor, let color else { return text }
        return "\u{1b}[\(color.rawValue)m\(text)\u{1b}[0m"
    }
}
