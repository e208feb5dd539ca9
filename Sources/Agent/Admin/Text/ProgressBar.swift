/// How much of something is done, as a bar: `[######----]`.
enum ProgressBar {
    /// - Parameters:
    ///   - done: of `size`; more than all is all, and all of nothing is all.
    ///   - width: cells between the brackets.
    static func text(_ done: Int64, of size: Int64, width: Int) -> String {
        let part = size > 0 ? min(1, max(0, Double(done) / Double(size))) : 1
        let filled = Int(part * Double(width))
        return "[\(String(repeating: "#", count: filled))\(String(repeating: "-", count: width - filled))]"
    }
}
