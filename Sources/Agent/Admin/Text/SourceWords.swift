/// Who gave how many bytes, in a few words.
enum SourceWords {
    /// How many are named; the others are counted.
    private static let named = 2
    private static let nameWidth = 16

    /// `node-2 12.0 MB, upstream 3.1 MB, 4 others`; of one, just its name. Empty of none.
    /// - Parameter sources: those that gave the most first, names without controls.
    static func text(_ sources: [(name: String, bytes: Int64)], isOneEnough: Bool = true) -> String {
        if isOneEnough, sources.count == 1 { return TextTable.cut(sources[0].name, to: nameWidth) }
        var words = sources.prefix(named).map { "\(TextTable.cut($0.name, to: nameWidth)) \(Figures.bytes($0.bytes))" }
        let others = sources.count - words.count
        if others > 0 { words.append(others == 1 ? "1 other" : "\(others) others") }
        return words.joined(separator: ", ")
    }
}
