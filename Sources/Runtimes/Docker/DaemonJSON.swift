/// `daemon.json` of dockerd, edited so that all else in it stays to the byte.
///
/// JSON has no comments to mark anything with: what was added is known by the mirror's URL and the way it is written.
struct DaemonJSON {
    static let key = "registry-mirrors"

    /// The mirror's URL.
    var url: String

    /// A file of our own.
    private var whole: String { "{ \"\(Self.key)\": [ \"\(url)\" ] }" }
    /// The key in `{}`.
    private var bare: String { "\"\(Self.key)\": [ \"\(url)\" ]" }
    /// The key as it is added to others; spaces within the brackets tell it from a list that was there.
    private func member(_ ending: String) -> String { "\(ending)  \"\(Self.key)\": [ \"\(url)\" ]" }

    /// The text with the mirror as the first of the list.
    /// - Parameters:
    ///   - text: nil: there is no file.
    ///   - folders: how many folders a new file brings; as many empty lines at its end remember them.
    func adding(to text: String?, folders: Int = 0) throws(TextFault) -> String {
        guard let text else { return whole + String(repeating: "\n", count: 1 + folders) }
        // dockerd takes an empty file for an empty object.
        if text.isEmpty { return whole }
        let outline = try JSONOutline(text)
        guard case .object(let members) = outline.root.kind else {
            throw TextFault(line: 1, "is no JSON object: dockerd would not start with it; mend it and run this again")
        }
        let bytes = Array(text.utf8)
        guard let list = outline.root.member(Self.key) else {
            let isBare = outline.root.range.count == 2
            let insertion = isBare ? bare : member(LinedText(text).ending) + (members.isEmpty ? "" : ",")
            return Self.inserting(insertion, at: outline.root.range.lowerBound + 1, in: bytes)
        }
        guard case .array(let mirrors) = list.kind else {
            throw TextFault(line: Self.line(list.range.lowerBound, bytes), "\"\(Self.key)\" is no list: make it one")
        }
        if let index = mirrors.firstIndex(where: isOurs) {
            guard index > 0 else { return text }
            throw TextFault(
                line: Self.line(mirrors[index].range.lowerBound, bytes),
                "names \(url) already, but after another mirror: move it to the front")
        }
        guard let first = mirrors.first else {
            return Self.inserting("\"\(url)\"", at: list.range.lowerBound + 1, in: bytes)
        }
        let space = Self.text(bytes[(list.range.lowerBound + 1)..<first.range.lowerBound])
        return Self.inserting("\"\(url)\",\(space.isEmpty ? " " : space)", at: first.range.lowerBound, in: bytes)
    }

    /// What is left of a text when the mirror is taken out.
    enum Rest: Equatable {
        /// There was no mirror in it.
        case same
        case text(String)
        /// The file was ours, and so many folders above it.
        case nothing(folders: Int)
    }

    /// The text without the mirror.
    func removing(from text: String) throws(TextFault) -> Rest {
        if text == whole { return .text("") }
        if text.hasPrefix(whole), text.dropFirst(whole.count).allSatisfy({ $0 == "\n" }) {
            return .nothing(folders: text.count - whole.count - 1)
        }
        if text.isEmpty { return .same }
        let outline = try JSONOutline(text)
        let bytes = Array(text.utf8)
        guard let list = outline.root.member(Self.key), case .array(let mirrors) = list.kind,
            let index = mirrors.firstIndex(where: isOurs), case .object(let members) = outline.root.kind
        else { return .same }
        let added = Array((member(LinedText(text).ending) + (members.count == 1 ? "" : ",")).utf8)
        let start = outline.root.range.lowerBound + 1
        if outline.root.range.count == bare.utf8.count + 2, bytes[start...].starts(with: bare.utf8) {
            return .text(Self.removing(start..<(start + bare.utf8.count), from: bytes))
        }
        if mirrors.count == 1, bytes[start...].starts(with: added) {
            return .text(Self.removing(start..<(start + added.count), from: bytes))
        }
        let mine = mirrors[index].range
        guard mirrors.count > 1 else { return .text(Self.removing(mine, from: bytes)) }
        if index + 1 < mirrors.count {
            return .text(Self.removing(mine.lowerBound..<mirrors[index + 1].range.lowerBound, from: bytes))
        }
        return .text(Self.removing(mirrors[index - 1].range.upperBound..<mine.upperBound, from: bytes))
    }

    /// Where the mirror stands in the list.
    func standing(in text: String) -> MirrorStanding {
        if text.isEmpty { return .absent }
        guard let outline = try? JSONOutline(text) else { return .unreadable }
        guard let list = outline.root.member(Self.key), case .array(let mirrors) = list.kind,
            let index = mirrors.firstIndex(where: isOurs)
        else { return .absent }
        return index == 0 ? .first : .behindOthers
    }

    /// dockerd adds the slash itself.
    private func isOurs(_ value: JSONOutline.Value) -> Bool { value.string == url || value.string == url + "/" }

    private static func inserting(_ insertion: String, at index: Int, in bytes: [UInt8]) -> String {
        text(bytes[..<index]) + insertion + text(bytes[index...])
    }

    private static func removing(_ range: Range<Int>, from bytes: [UInt8]) -> String {
        text(bytes[..<range.lowerBound]) + text(bytes[range.upperBound...])
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func line(_ offset: Int, _ bytes: [UInt8]) -> Int {
        bytes[..<offset].count { $0 == UInt8(ascii: "\n") } + 1
    }
}
