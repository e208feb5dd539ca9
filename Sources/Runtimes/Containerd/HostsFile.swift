import TOML

/// `hosts.toml` of one registry: the hosts that containerd asks, from the first to the last, and then the registry.
struct HostsFile {
    /// So that a dead agent costs milliseconds; connecting to this machine takes less than one.
    private static let dialTimeout = "200ms"

    /// The mirror's URL.
    var mirror: String
    /// The registry's own URL; nil: containerd makes it of the registry's name.
    var server: String?
    /// Whether that containerd knows `dial_timeout`.
    var hasDialTimeout: Bool
    /// Lines about certificates that containerd read from the folder for as long as there was no hosts.toml.
    var certificates: [String] = []

    /// The text with the mirror as the first host.
    /// - Parameters:
    ///   - text: the text now; nil: there is no file.
    ///   - made: what is made for it, where there is no file.
    func adding(to text: String?, made: MadePlaces) throws(TextFault) -> String {
        let (base, old, _) = try MarkedBlock.remove(from: LinedText(text ?? ""))
        var edited = base
        let before = try Self.parse(base.text)
        let outline = TOMLOutline(base.text)
        let isOurs = text == nil || old.contains { $0.made != nil }
        if Self.hosts(outline).contains(mirror) {
            if Self.hosts(outline).first == mirror { return text ?? "" }
            let line = outline.firstLine(below: ["host", mirror]).map { $0 + 1 }
            throw TextFault(line: line, "names \(mirror) already, but after another host: move its table to the top")
        }
        var content: [String] = []
        if isOurs || base.isBlank {
            if let server, before["server"] == nil { content.append("server = \"\(server)\"") }
            content += certificates
            if !content.isEmpty { content.append("") }
        }
        content += ["[host.\"\(mirror)\"]", "  capabilities = [\"pull\", \"resolve\"]"]
        if hasDialTimeout { content.append("  dial_timeout = \"\(Self.dialTimeout)\"") }
        let made = text == nil ? made : old.lazy.compactMap(\.made).first
        let block = MarkedBlock(made: made, content: content)
        let position = Self.position(in: base, outline)
        edited.insert(block.lines(ending: base.ending, command: "containerd"), at: position)
        try check(edited.text, before: before, outline)
        return edited.text
    }

    /// Before the first table, and before the comment that belongs to it.
    private static func position(in text: LinedText, _ outline: TOMLOutline) -> Int {
        guard var line = outline.firstHeader?.lines.lowerBound else { return text.lines.count }
        while line > 0, text.lines[line - 1].trimmed.hasPrefix("#") { line -= 1 }
        return line
    }

    private static func parse(_ text: String) throws(TextFault) -> [String: TOMLValue] {
        do {
            return try TOMLDocument.parse(text)
        } catch {
            throw TextFault(
                line: error.line, "\(error.message). It is left as it is; mend it and run this again")
        }
    }

    /// The hosts in the order in which containerd asks them: that of their tables.
    private static func hosts(_ outline: TOMLOutline) -> [String] {
        outline.entries.filter { $0.path.count > 1 && $0.path[0] == "host" }.map { $0.path[1] }
    }

    /// Nothing but the new host may have changed, and it is the first.
    private func check(
        _ text: String, before: [String: TOMLValue], _ outline: TOMLOutline
    ) throws(TextFault) {
        let fault = TextFault(
            line: outline.firstLine(below: ["host"]).map { $0 + 1 },
            "has its hosts in a form that no table can be put before: write them as [host.\"URL\"] tables, and run "
                + "this again")
        guard var after = try? TOMLDocument.parse(text), Self.hosts(TOMLOutline(text)).first == mirror,
            var hosts = after["host"]?.table
        else { throw fault }
        hosts[mirror] = nil
        after["host"] = hosts.isEmpty && before["host"] == nil ? nil : .table(hosts)
        for key in ["server", "ca", "client"] where before[key] == nil { after[key] = nil }
        guard after == before else { throw fault }
    }

    /// Where the mirror stands in a hosts.toml.
    static func standing(of mirror: String, in text: String) -> MirrorStanding {
        guard (try? TOMLDocument.parse(text)) != nil else { return .unreadable }
        let hosts = hosts(TOMLOutline(text))
        guard let index = hosts.firstIndex(of: mirror) else { return .absent }
        return index == 0 ? .first : .behindOthers
    }
}
