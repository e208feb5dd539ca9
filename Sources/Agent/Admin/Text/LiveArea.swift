/// Lines at the end of a terminal that are drawn over, in one write each time so that nothing flickers.
///
/// The cursor is hidden meanwhile: ``end()``, or ``restore`` where the program is interrupted, brings it back.
public struct LiveArea: Sendable {
    /// What brings the cursor back.
    public static let restore: StaticString = "\u{1b}[?25h"
    private static let hide = "\u{1b}[?25l"

    /// How many lines are drawn.
    private var height = 0
    private var isHidden = false

    public init() {}

    /// - Parameters:
    ///   - above: lines that stay, each ended; they are printed above the others.
    ///   - lines: what is drawn; none wider than the terminal.
    public mutating func draw(above: String = "", _ lines: [String]) -> String {
        var text = isHidden ? "" : Self.hide
        isHidden = true
        if height > 0 { text += "\u{1b}[\(height)A" }
        text += "\r"
        if !above.isEmpty { text += "\u{1b}[J" + above }
        for line in lines { text += "\(line)\u{1b}[K\n" }
        // What is left of a taller picture.
        text += "\u{1b}[J"
        height = lines.count
        return text
    }

    /// What is drawn stays.
    public mutating func end() -> String {
        height = 0
        defer { isHidden = false }
        return isHidden ? "\(Self.restore)" : ""
    }
}
