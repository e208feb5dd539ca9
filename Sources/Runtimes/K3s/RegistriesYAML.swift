/// `registries.yaml` of k3s and RKE2: which endpoints containerd asks for a registry before the registry itself.
///
/// There is no YAML parser here. The text is edited only where it has the plain shape that k3s's documentation shows; everything
/// else is refused, with the line.
struct RegistriesYAML {
    /// The label of the block that brings the key `mirrors` itself.
    static let mirrorsLabel = "mirrors"
    static let command = "k3s"

    /// The mirror's URL.
    var endpoint: String

    /// A registry's table below `mirrors`.
    private struct Child {
        var name: String
        var line: Int
        var indentation: String
        /// The lines below it.
        var range: Range<Int>
    }

    /// What is known of the text.
    private struct Shape {
        var mirrorsLine: Int?
        var children: [Child] = []
    }

    /// The text with the mirror as the first endpoint of the registries.
    func adding(_ registries: [String], to text: String?, made: MadePlaces) throws(TextFault) -> String {
        let (base, old, _) = try MarkedBlock.remove(from: LinedText(text ?? ""))
        let made = text == nil ? made : old.lazy.compactMap(\.made).first
        let names = Set(registries).union(old.compactMap(\.label)).subtracting([Self.mirrorsLabel]).sorted()
        let shape = try Self.shape(of: base)
        var edited = base
        // From the bottom up, so that the lines above keep their numbers.
        for child in shape.children.reversed() where names.contains(child.name) { try add(to: child, in: &edited) }
        let missing = names.filter { name in !shape.children.contains { $0.name == name } }
        guard !missing.isEmpty else { return edited.text }
        var blocks: [MarkedBlock] = []
        if shape.mirrorsLine == nil {
            blocks.append(MarkedBlock(label: Self.mirrorsLabel, made: made, content: ["mirrors:"]))
        }
        let indentation = shape.children.first?.indentation ?? "  "
        for name in missing {
            blocks.append(
                MarkedBlock(
                    label: name, indentation: indentation,
                    content: ["\"\(name)\":", "  endpoint: [\"\(endpoint)\"]"]))
        }
        let lines = blocks.flatMap { $0.lines(ending: base.ending, command: Self.command) }
        edited.insert(lines, at: shape.mirrorsLine.map { $0 + 1 } ?? edited.lines.count)
        return edited.text
    }

    /// The registries whose first endpoint is the mirror, and those that name it behind others.
    func standings(in text: String) throws(TextFault) -> [String: MirrorStanding] {
        let lines = LinedText(text)
        var standings: [String: MirrorStanding] = [:]
        for child in try Self.shape(of: lines).children {
            let endpoints = child.range.compactMap { index -> [Substring]? in
                let body = Self.content(lines.lines[index])
                guard body.contains("://") else { return nil }
                return body.split { " \t,[]\"'".contains($0) }.filter { $0.contains("://") }
            }.joined()
            let index = endpoints.firstIndex { $0 == endpoint }
            standings[child.name] = index == nil ? .absent : index == endpoints.startIndex ? .first : .behindOthers
        }
        return standings
    }

    // MARK: Reading

    private static func shape(of text: LinedText) throws(TextFault) -> Shape {
        var shape = Shape()
        var isInMirrors = false
        var hasContent = false
        for (index, line) in text.lines.enumerated() {
            let body = content(line)
            if body.isEmpty { continue }
            let indentation = line.indentation
            guard !indentation.contains("\t") else { throw odd(index, "a tab stands where YAML wants spaces") }
            if indentation.isEmpty {
                if body.hasPrefix("---") || body.hasPrefix("...") {
                    guard !hasContent, body == "---" else { throw odd(index, "it has several documents") }
                    continue
                }
                hasContent = true
                guard let (name, value) = keyAndValue(body) else {
                    // The entries of a list may stand where their key does.
                    if body.hasPrefix("-"), !isInMirrors { continue }
                    throw odd(index, "this is no plain 'key: value'")
                }
                isInMirrors = name == "mirrors"
                guard isInMirrors else { continue }
                guard shape.mirrorsLine == nil else { throw odd(index, "'mirrors' stands here a second time") }
                guard value.isEmpty else { throw odd(index, "'mirrors' is written on one line") }
                shape.mirrorsLine = index
            } else if isInMirrors {
                try add(body, indentation, at: index, to: &shape)
            }
        }
        for index in shape.children.indices.dropLast() {
            shape.children[index].range = shape.children[index].range.lowerBound..<shape.children[index + 1].line
        }
        return shape
    }

    private static func add(
        _ body: String, _ indentation: String, at index: Int, to shape: inout Shape
    ) throws(TextFault) {
        let level = shape.children.first?.indentation ?? indentation
        guard indentation.count >= level.count else { throw odd(index, "it stands further left than its neighbours") }
        if indentation.count > level.count {
            shape.children[shape.children.count - 1].range =
                shape.children[shape.children.count - 1].range.lowerBound..<(index + 1)
            return
        }
        guard let (name, value) = keyAndValue(body), value.isEmpty,
            !"&*<".contains(name.first ?? "&") || body.first == "\""
                || body.first == "'"
        else { throw odd(index, "a registry's table is written on one line or with an anchor") }
        guard !shape.children.contains(where: { $0.name == name }) else {
            throw odd(index, "\"\(name)\" stands here a second time")
        }
        shape.children.append(
            Child(name: name, line: index, indentation: indentation, range: (index + 1)..<(index + 1)))
    }

    private static func odd(_ index: Int, _ what: String) -> TextFault {
        TextFault(
            line: index + 1,
            "\(what), which is not edited here. It is left as it is; add the endpoint by hand (see docs/runtimes.md)")
    }

    /// A line without its indentation, its ending and its comment.
    private static func content(_ line: String) -> String {
        let body = line.lineBody.trimmed
        if body.hasPrefix("#") { return "" }
        var quote: Character?
        var previous: Character = " "
        var end = body.endIndex
        for index in body.indices {
            let character = body[index]
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "\"" || character == "'" {
                quote = character
            } else if character == "#", previous == " " || previous == "\t" {
                end = index
                break
            }
            previous = character
        }
        return body[..<end].trimmed
    }

    /// `key: value`, `"key": value` or `key:`.
    private static func keyAndValue(_ body: String) -> (key: String, value: String)? {
        if let quote = body.first, quote == "\"" || quote == "'" {
            let rest = body.dropFirst()
            guard let close = rest.firstIndex(of: quote) else { return nil }
            let behind = rest[rest.index(after: close)...].trimmed
            guard behind == ":" || behind.hasPrefix(": ") else { return nil }
            return (String(rest[..<close]), behind.dropFirst().trimmed)
        }
        guard !body.hasPrefix("-"), !body.hasPrefix("{"), !body.hasPrefix("[") else { return nil }
        if body.hasSuffix(":") { return (body.dropLast().trimmed, "") }
        guard let mark = body.firstRange(of: ": ") else { return nil }
        return (body[..<mark.lowerBound].trimmed, body[mark.upperBound...].trimmed)
    }

    // MARK: Writing

    private func add(to child: Child, in text: inout LinedText) throws(TextFault) {
        let lines = child.range.filter { !Self.content(text.lines[$0]).isEmpty }
        guard let first = lines.first else {
            return insert(["endpoint: [\"\(endpoint)\"]"], child, child.indentation + "  ", at: child.line + 1, &text)
        }
        let level = text.lines[first].indentation
        guard
            let line = lines.first(where: {
                text.lines[$0].indentation == level && Self.keyAndValue(Self.content(text.lines[$0]))?.key == "endpoint"
            }), let value = Self.keyAndValue(Self.content(text.lines[line]))?.value
        else {
            return insert(["endpoint: [\"\(endpoint)\"]"], child, level, at: child.line + 1, &text)
        }
        if value.isEmpty {
            guard let item = lines.first(where: { $0 > line }), Self.content(text.lines[item]).hasPrefix("- ") else {
                throw Self.odd(line, "'endpoint' is no list of lines that begin with '-'")
            }
            let items = lines.drop { $0 < item }.prefix { Self.content(text.lines[$0]).hasPrefix("- ") }
            if let place = items.firstIndex(where: { isOurs(Self.content(text.lines[$0]).dropFirst(2).trimmed) }) {
                guard place != items.startIndex else { return }
                throw behind(items[place])
            }
            insert(["- \"\(endpoint)\""], child, text.lines[item].indentation, at: item, &text)
        } else {
            guard value.hasPrefix("["), value.hasSuffix("]"), !value.dropFirst().contains("[") else {
                throw Self.odd(line, "'endpoint' is a list of several lines in brackets, or none")
            }
            let entries = value.dropFirst().dropLast().split(separator: ",").map { $0.trimmed }
            if let place = entries.firstIndex(where: isOurs) {
                guard place > 0 else { return }
                throw behind(line)
            }
            let old = text.lines[line]
            let list = (["\"\(endpoint)\""] + entries).joined(separator: ", ")
            let key = old.lineBody.prefix { $0 != ":" }.trimmed
            insert(["\(key): [\(list)]"], child, level, at: line, replacing: [old], &text)
        }
    }

    private func isOurs(_ entry: String) -> Bool { entry.filter { $0 != "\"" && $0 != "'" } == endpoint }

    private func behind(_ index: Int) -> TextFault {
        TextFault(line: index + 1, "names \(endpoint) already, but after another endpoint: move it to the front")
    }

    private func insert(
        _ content: [String], _ child: Child, _ indentation: String, at index: Int, replacing old: [String] = [],
        _ text: inout LinedText
    ) {
        let block = MarkedBlock(label: child.name, indentation: indentation, replaced: old, content: content)
        text.insert(
            block.lines(ending: text.ending, command: Self.command), at: index, replacing: old.count)
    }
}
