/// A text as its lines, each with the ending that it has; joined they are the text again, byte for byte.
struct LinedText: Sendable {
    var lines: [String]

    init(_ text: String) {
        var lines: [String] = []
        var start = text.utf8.startIndex
        while start < text.utf8.endIndex {
            let feed = text.utf8[start...].firstIndex(of: UInt8(ascii: "\n"))
            let end = feed.map { text.utf8.index(after: $0) } ?? text.utf8.endIndex
            lines.append(String(text.unicodeScalars[start..<end]))
            start = end
        }
        self.lines = lines
    }

    var text: String { lines.joined() }

    /// The ending of the first line: what is written into the text ends the same way.
    var ending: String { lines.first.map(\.lineEnding).flatMap { $0.isEmpty ? nil : $0 } ?? "\n" }

    /// Whether there is anything but space in it.
    var isBlank: Bool { lines.allSatisfy { $0.lineBody.trimmed.isEmpty } }

    /// Puts lines, each with its ending, before the line at an index, instead of `replaced` lines. A text whose last line has no
    /// ending has none afterwards either: by that ``remove(_:restoring:)`` knows.
    mutating func insert(_ new: [String], at index: Int, replacing replaced: Int = 0) {
        var new = new
        if index + replaced == lines.count, let last = lines.last, last.lineEnding.isEmpty {
            if replaced == 0 { lines[lines.count - 1] = last.ended(by: ending) }
            if let final = new.last { new[new.count - 1] = String(final.lineBody) }
        }
        lines.replaceSubrange(index..<(index + replaced), with: new)
    }

    /// Takes lines out that ``insert(_:at:replacing:)`` put in, and puts others in their place.
    mutating func remove(_ range: Range<Int>, restoring replaced: [String]) {
        let wasOpen = range.upperBound == lines.count && lines.last.map(\.lineEnding.isEmpty) == true
        lines.replaceSubrange(range, with: replaced)
        if wasOpen, let last = lines.last { lines[lines.count - 1] = String(last.lineBody) }
    }
}

extension String {
    /// `\n`, `\r\n`, or nothing at the end of a file.
    var lineEnding: String {
        guard utf8.last == UInt8(ascii: "\n") else { return "" }
        return utf8.dropLast().last == UInt8(ascii: "\r") ? "\r\n" : "\n"
    }

    /// The line without its ending.
    var lineBody: Substring { Substring(unicodeScalars.dropLast(lineEnding.unicodeScalars.count)) }

    /// The line with an ending, its own where it has one. Behind a lone carriage return a line feed alone would make one ending of
    /// the two, and ``lineBody`` would lose what was there.
    func ended(by ending: String) -> String {
        guard lineEnding.isEmpty else { return self }
        return self + (utf8.last == UInt8(ascii: "\r") ? "\r\n" : ending)
    }

    /// Whether two texts are the same bytes. `==` takes two spellings of an accented letter for one.
    func hasSameBytes(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}

extension StringProtocol {
    /// The spaces and tabs that it begins with.
    var indentation: String { String(prefix { $0 == " " || $0 == "\t" }) }

    /// Without spaces and tabs at its ends.
    var trimmed: String {
        var rest = self[...].drop { $0 == " " || $0 == "\t" }
        while rest.last == " " || rest.last == "\t" || rest.last == "\r" { rest.removeLast() }
        return String(rest)
    }
}
