/// What a terminal shows: as much of a VT100 as the commands use, and nothing else, so that what they do not use is noticed.
struct TerminalScreen: Sendable {
    let columns: Int
    let rowCount: Int
    private var cells: [[Character]]
    private var row = 0
    private var column = 0
    private var pending: [UInt8] = []
    /// How often what was at the top was pushed out.
    private(set) var scrolls = 0
    /// Characters that came when their row was full.
    private(set) var overflows = 0
    private(set) var unknown: [String] = []
    private(set) var hasCursor = true
    private(set) var isOther = false

    init(columns: Int, rows: Int) {
        self.columns = columns
        rowCount = rows
        cells = Array(repeating: Array(repeating: " ", count: columns), count: rows)
    }

    /// The rows without spaces at their ends.
    var rows: [String] {
        cells.map { cells in
            var text = cells[...]
            while text.last == " " { text.removeLast() }
            return String(text)
        }
    }

    var text: String { rows.joined(separator: "\n") }

    mutating func take(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            pending.append(byte)
            if pending[0] == 0x1b {
                guard pending.count > 2, (0x40...0x7e).contains(byte) else { continue }
                obey(String(decoding: pending.dropFirst(2), as: UTF8.self))
            } else {
                guard let text = String(validating: pending, as: UTF8.self), let character = text.first else {
                    continue
                }
                put(character)
            }
            pending = []
        }
    }

    private mutating func put(_ character: Character) {
        switch character {
        case "\r": column = 0
        case "\n" where row == rowCount - 1:
            cells.removeFirst()
            cells.append(Array(repeating: " ", count: columns))
            scrolls += 1
        case "\n": row += 1
        default:
            guard column < columns else {
                overflows += 1
                return
            }
            cells[row][column] = character
            column += 1
        }
    }

    /// A control sequence, without its introducer.
    private mutating func obey(_ sequence: String) {
        switch sequence {
        case "H": (row, column) = (0, 0)
        case "K": for place in column..<columns { cells[row][place] = " " }
        case "J", "2J":
            let start = sequence == "J" ? row * columns + column : 0
            for place in start..<(rowCount * columns) { cells[place / columns][place % columns] = " " }
        case "?25l": hasCursor = false
        case "?25h": hasCursor = true
        case "?1049h": isOther = true
        case "?1049l": isOther = false
        case _ where sequence.hasSuffix("m"): break
        default: unknown.append(sequence)
        }
    }
}
