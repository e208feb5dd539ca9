/// A part of a status that grows: a heading, titles, and items of some lines each.
struct StatusSection {
    var heading: String
    var titles: [String] = []
    var items: [[String]]

    /// The lines of the first so many items. What is left out is told.
    func lines(_ shown: Int, _ style: TextStyle) -> [String] {
        let hidden = items.count - shown
        let note = hidden > 0 ? ", \(shown) shown" : ""
        let head = style.paint(TextTable.cut(heading, to: style.columns - note.count), .bold) + note
        return [head] + (shown > 0 ? titles : []) + items.prefix(shown).flatMap(\.self)
    }

    /// How many items of each section there is room for, in turns, so that no section pushes another out.
    /// - Parameter rows: for all of it, an empty line before each section included.
    static func fit(_ sections: [StatusSection], into rows: Int) -> [Int] {
        var shown = sections.map { _ in 0 }
        var left = rows - 2 * sections.count
        var isFull = false
        while !isFull {
            isFull = true
            for (index, section) in sections.enumerated() where shown[index] < section.items.count {
                let titles = shown[index] == 0 ? section.titles.count : 0
                let height = section.items[shown[index]].count + titles
                guard height <= left else { continue }
                shown[index] += 1
                left -= height
                isFull = false
            }
        }
        return shown
    }
}
