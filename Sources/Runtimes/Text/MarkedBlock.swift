/// Lines that `shoal configure` wrote into somebody else's file, between two comments by which `--undo` finds them again.
///
/// What they stand in the place of is kept in comments within them, so that it comes back byte for byte.
struct MarkedBlock: Sendable, Equatable {
    private static let begin = "# BEGIN shoal"
    private static let end = "# END shoal"
    private static let was = "# was:"
    private static let madeFile = "made this file"

    /// What it is about, where a file can have several: a registry's name, without spaces.
    var label: String?
    /// What `configure` made for it.
    var made: MadePlaces?
    /// What the lines begin with.
    var indentation = ""
    /// Whole lines in whose place it stands.
    var replaced: [String] = []
    /// Its lines, without endings and ``indentation``.
    var content: [String]

    /// The lines to insert.
    /// - Parameter command: the runtime's name on the command line.
    func lines(ending: String, command: String) -> [String] {
        var note = "shoal configure \(command) --undo takes it out"
        if let made { note = "\(Self.madeFile)\(made.note); \(note)" }
        let head = "\(indentation)\(Self.begin)\(label.map { " \($0)" } ?? "") (\(note))"
        let kept = replaced.map { "\(indentation)\(Self.was)\($0.ended(by: ending))" }
        return [head + ending] + kept + content.map { ($0.isEmpty ? "" : indentation + $0) + ending }
            + [indentation + Self.end + ending]
    }

    /// A block that stands in a text.
    struct Found: Sendable, Equatable {
        var label: String?
        var made: MadePlaces?
        var replaced: [String]
        var range: Range<Int>
    }

    /// The blocks in a text, from its top.
    static func all(in text: LinedText) throws(TextFault) -> [Found] {
        var found: [Found] = []
        var open: Found?
        for (index, line) in text.lines.enumerated() {
            let body = line.lineBody.trimmed
            if body == begin || body.hasPrefix(begin + " ") {
                if let open { throw unclosed(open) }
                open = opening(String(body.dropFirst(begin.count)).trimmed, at: index)
            } else if body == end {
                guard var block = open else {
                    throw TextFault(
                        line: index + 1, "'\(end)' without the '\(begin)' before it: remove what is left of the block")
                }
                block.range = block.range.lowerBound..<(index + 1)
                found.append(block)
                open = nil
            } else if open != nil, body.hasPrefix(was) {
                let original = line.drop { $0 == " " || $0 == "\t" }.dropFirst(was.count)
                open?.replaced.append(String(original))
            }
        }
        if let open { throw unclosed(open) }
        return found
    }

    /// Takes the blocks out for which it is asked.
    static func remove(
        from text: LinedText, where isMeant: (Found) -> Bool = { _ in true }
    ) throws(TextFault) -> (text: LinedText, removed: [Found], kept: [Found]) {
        var rest = text
        let found = try all(in: text)
        for block in found.reversed() where isMeant(block) { rest.remove(block.range, restoring: block.replaced) }
        return (rest, found.filter(isMeant), found.filter { !isMeant($0) })
    }

    private static func opening(_ rest: String, at index: Int) -> Found {
        let parts = rest.split(separator: "(", maxSplits: 1, omittingEmptySubsequences: false).map { $0.trimmed }
        let label = parts.first.flatMap { $0.isEmpty ? nil : $0 }
        let note = parts.count > 1 ? parts[1] : ""
        let made = note.hasPrefix(madeFile) ? MadePlaces(note: note.dropFirst(madeFile.count)) : nil
        return Found(label: label, made: made, replaced: [], range: index..<(index + 1))
    }

    private static func unclosed(_ block: Found) -> TextFault {
        TextFault(
            line: block.range.lowerBound + 1,
            "'\(begin)' without the '\(end)' behind it: put that line back, or remove the block")
    }
}

/// What `configure` made beside the lines: the file, and how many of the folders that lead to it.
struct MadePlaces: Sendable, Equatable {
    var folders = 0

    fileprivate var note: String {
        switch folders {
        case 0: ""
        case 1: " and 1 folder"
        default: " and \(folders) folders"
        }
    }

    init(folders: Int) { self.folders = folders }

    fileprivate init(note: Substring) {
        let words = note.prefix { $0 != ";" }.split(separator: " ")
        folders = words.count > 1 ? Int(words[1]) ?? 0 : 0
    }
}
