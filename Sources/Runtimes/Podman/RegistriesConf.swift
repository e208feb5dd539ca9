import TOML

/// A file of containers-registries.conf(5), version 2: `registries.conf`, or one of `registries.conf.d`.
struct RegistriesConf {
    /// `host:port` of the mirror.
    var authority: String
    private let base: LinedText
    private let outline: TOMLOutline
    private let values: [String: TOMLValue]
    /// The registries that `configure` has written here.
    let labels: [String]
    private let made: MadePlaces?

    /// - Parameter text: nil: there is no file.
    init(_ text: String?, authority: String, made: MadePlaces? = nil) throws(TextFault) {
        self.authority = authority
        let (base, old, _) = try MarkedBlock.remove(from: LinedText(text ?? ""))
        self.base = base
        labels = old.compactMap(\.label)
        self.made = text == nil ? made : old.lazy.compactMap(\.made).first
        outline = TOMLOutline(base.text)
        do {
            values = try TOMLDocument.parse(base.text)
        } catch {
            throw TextFault(line: error.line, "\(error.message). It is left as it is; mend it and run this again")
        }
        if values["registries"]?.table != nil {
            throw TextFault(
                line: outline.firstLine(below: ["registries"]).map { $0 + 1 },
                "is of version 1 ([registries.search] and the like), which has no mirrors: rewrite it as version 2, see "
                    + "containers-registries.conf(5), and run this again")
        }
    }

    /// The tables `[[registry]]`.
    private var registries: [TOMLValue] { values["registry"]?.list ?? [] }

    /// Which table is about a registry as a whole; what others wrote, not `configure`.
    private func index(of name: String) -> Int? {
        registries.lastIndex { ($0.table?["prefix"] ?? $0.table?["location"])?.string == name }
    }

    /// Whether the file has a table for the registry that `configure` did not write.
    func describes(_ name: String) -> Bool { index(of: name) != nil }

    private func location(_ name: String) -> String { "\(authority)/\(name)" }

    private func mirrorLines(_ name: String) -> [String] {
        ["[[registry.mirror]]", "location = \"\(location(name))\"", "insecure = true"]
    }

    /// The text with the mirror as the first of the registries.
    /// - Parameter plainHTTP: whether the registry itself is reached without TLS.
    func adding(_ names: [String], plainHTTP: (String) -> Bool) throws(TextFault) -> String {
        var edited = base
        let here = names.compactMap { name in index(of: name).map { (name: name, index: $0) } }
        // From the bottom up, so that the lines above keep their numbers.
        for (name, index) in here.sorted(by: { $0.index > $1.index }) { try add(name, to: index, in: &edited) }
        for name in names where index(of: name) == nil {
            var content = ["[[registry]]", "prefix = \"\(name)\"", "location = \"\(name)\""]
            if plainHTTP(name) { content.append("insecure = true") }
            let block = MarkedBlock(label: name, made: made, content: content + mirrorLines(name))
            edited.insert(block.lines(ending: base.ending, command: "podman"), at: edited.lines.count)
        }
        guard (try? TOMLDocument.parse(edited.text)) != nil else {
            throw TextFault("has its registries in a form that is not edited here: write them as [[registry]] tables")
        }
        return edited.text
    }

    private func add(_ name: String, to index: Int, in text: inout LinedText) throws(TextFault) {
        let headers = outline.entries.indices.filter { position in
            outline.entries[position].kind == .arrayTable && outline.entries[position].path == ["registry"]
        }
        guard headers.indices.contains(index) else {
            throw TextFault("has its registries in a form that is not edited here: write them as [[registry]] tables")
        }
        let header = headers[index]
        if let place = mirrors(of: index).firstIndex(of: location(name)) {
            if place == 0 { return }
            throw TextFault(
                line: outline.entries[header].lines.lowerBound + 1,
                "names \(location(name)) already, but after another mirror: move it to the front")
        }
        let keys = outline.entries[(header + 1)...].prefix { $0.kind == .key }
        let end = (keys.last ?? outline.entries[header]).lines.upperBound
        let indentation = text.lines[outline.entries[header].lines.lowerBound].indentation
        let block = MarkedBlock(label: name, indentation: indentation, content: mirrorLines(name))
        text.insert(block.lines(ending: base.ending, command: "podman"), at: end)
    }

    private func mirrors(of index: Int) -> [String] {
        (registries[index].table?["mirror"]?.list ?? []).compactMap { $0.table?["location"]?.string }
    }

    /// Where the mirror stands for a registry, in the text as it is read without its blocks taken out.
    static func standing(of name: String, authority: String, in text: String) -> MirrorStanding {
        guard let values = try? TOMLDocument.parse(text) else { return .unreadable }
        let table = values["registry"]?.list?.last { ($0.table?["prefix"] ?? $0.table?["location"])?.string == name }
        let mirrors = (table?.table?["mirror"]?.list ?? []).compactMap { $0.table?["location"]?.string }
        guard let index = mirrors.firstIndex(of: "\(authority)/\(name)") else { return .absent }
        return index == 0 ? .first : .behindOthers
    }
}
