/// A whole terminal that is drawn over from its top, in one write each time and without clearing it first, so that nothing flickers.
/// It is the terminal's other screen: what was there before comes back at the end.
public enum FullScreen {
    /// The other screen, empty, without a cursor.
    public static let enter = "\u{1b}[?1049h\u{1b}[?25l\u{1b}[H\u{1b}[2J"
    /// What was there before; for signal handlers, too.
    public static let leave: StaticString = "\u{1b}[?25h\u{1b}[?1049l"

    /// - Parameter lines: no more than the terminal has, and each narrower than it.
    static func draw(_ lines: [String]) -> String {
        "\u{1b}[H" + lines.map { $0 + "\u{1b}[K" }.joined(separator: "\r\n") + "\u{1b}[J"
    }
}
