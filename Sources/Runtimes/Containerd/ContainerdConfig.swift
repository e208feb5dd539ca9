import TOML

/// containerd's `config.toml`, versions 1 to 3: what it says of registries, and how it is told where hosts.toml files are.
struct ContainerdConfig {
    private let root: TOMLValue
    private let text: LinedText
    private let outline: TOMLOutline

    private let inheritedVersion: Int

    /// - Parameter inheritedVersion: for a file that another one imports: that one's version.
    /// - Throws: where the text is not TOML.
    init(_ text: String, inheritedVersion: Int = 1) throws(TextFault) {
        self.inheritedVersion = inheritedVersion
        do {
            root = .table(try TOMLDocument.parse(text))
        } catch {
            throw TextFault(line: error.line, "\(error.message). It is left as it is; mend it and run this again")
        }
        self.text = LinedText(text)
        outline = TOMLOutline(text)
    }

    /// The text.
    var source: String { text.text }

    /// `version`; containerd takes a file without it for version 1.
    var version: Int {
        guard case .integer(let version)? = root[["version"]] else { return inheritedVersion }
        return Int(clamping: version)
    }

    /// Where a plugin's settings are, by the version of the file.
    private var imagePlugin: [String] {
        switch version {
        case ..<2: ["plugins", "cri"]
        case 2: ["plugins", "io.containerd.grpc.v1.cri"]
        default: ["plugins", "io.containerd.cri.v1.images"]
        }
    }

    /// `config_path` of the CRI plugin, which pulls for the kubelet.
    var registryPath: [String] { imagePlugin + ["registry", "config_path"] }
    /// `config_path` of the transfer service of containerd 2.
    static let transferPath = ["plugins", "io.containerd.transfer.v1.local", "config_path"]

    /// Whether this file has settings of the plugin that a key belongs to.
    func hasPlugin(of key: [String]) -> Bool { root[Array(key.prefix(2))] != nil }
    /// A setting.
    func setting(_ key: [String]) -> String? { root[key]?.string }
    /// The line of a setting, from 1.
    func line(of key: [String]) -> Int? { outline.key(key).map { $0.lines.lowerBound + 1 } }

    /// Whether layers are thrown away once they are unpacked, so that they cannot be shared from containerd's files.
    var discardsUnpackedLayers: Bool? {
        let path =
            version < 3
            ? imagePlugin + ["containerd", "discard_unpacked_layers"]
            : imagePlugin + ["discard_unpacked_layers"]
        guard case .boolean(let flag)? = root[path] else { return nil }
        return flag
    }

    /// Whether nothing pulls for a kubelet here: `disabled_plugins`, as Docker's package of containerd has it.
    var isCRIDisabled: Bool {
        let names = ["cri", "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images"]
        return root[["disabled_plugins"]]?.list?.contains { names.contains($0.string ?? "") } ?? false
    }

    /// Patterns of files whose settings are read over this file's.
    var imports: [String] { root[["imports"]]?.list?.compactMap(\.string) ?? [] }

    /// What containerd's CRI refuses to start with beside `config_path`.
    func conflict() -> TextFault? {
        let registry = imagePlugin + ["registry"]
        if let mirrors = root[registry + ["mirrors"]]?.table, !mirrors.isEmpty {
            return TextFault(
                line: outline.firstLine(below: registry + ["mirrors"]).map { $0 + 1 },
                "registry.mirrors is set, and containerd's CRI does not start with both that and config_path. Make of each "
                    + "mirror a [host.\"URL\"] in a hosts.toml, remove the mirrors, and run this again")
        }
        let configs = root[registry + ["configs"]]?.table ?? [:]
        if let (name, _) = configs.sorted(by: { $0.key < $1.key }).first(where: { $0.value.table?["tls"] != nil }) {
            return TextFault(
                line: outline.firstLine(below: registry + ["configs", name, "tls"]).map { $0 + 1 },
                "registry.configs.\"\(name)\".tls is set, and containerd's CRI does not start with both that and config_path. "
                    + "Put the certificates beside a hosts.toml, remove the table, and run this again")
        }
        return nil
    }

    /// The text with one setting set, in a marked block.
    /// - Throws: where the table has a form that is not edited here; where a block has lost one of its marks, for `--undo`
    ///   could not tell then what to take out.
    func setting(_ key: [String], to value: String) throws(TextFault) -> String {
        _ = try MarkedBlock.all(in: text)
        var edited = text
        let ending = text.ending
        let table = Array(key.dropLast())
        let line = "config_path = \"\(value)\""
        if let old = outline.key(key) {
            let replaced = Array(text.lines[old.lines])
            guard let first = replaced.first, let mark = first.firstIndex(of: "=") else {
                throw byHand(key, value)
            }
            let block = MarkedBlock(
                indentation: first.indentation, replaced: replaced,
                content: [first[..<mark].trimmed + " = \"\(value)\""])
            edited.insert(
                block.lines(ending: ending, command: "containerd"), at: old.lines.lowerBound,
                replacing: replaced.count)
        } else if let header = outline.table(table) {
            let indentation = text.lines[header.lines.lowerBound].indentation + "  "
            let block = MarkedBlock(indentation: indentation, content: [line])
            edited.insert(block.lines(ending: ending, command: "containerd"), at: header.lines.upperBound)
        } else {
            let block = MarkedBlock(content: ["[\(Self.dotted(table))]", "  " + line])
            edited.insert(block.lines(ending: ending, command: "containerd"), at: edited.lines.count)
        }
        guard let after = try? TOMLDocument.parse(edited.text),
            TOMLValue.table(after) == root.setting(key[...], to: .string(value))
        else { throw byHand(key, value) }
        return edited.text
    }

    private func byHand(_ key: [String], _ value: String) -> TextFault {
        TextFault(
            line: outline.firstLine(below: Array(key.dropLast())).map { $0 + 1 },
            "has this table in a form that is not edited here. Set by hand, and restart containerd: "
                + "\(Self.dotted(key)) = \"\(value)\"")
    }

    /// A path of keys as TOML writes it.
    static func dotted(_ path: [String]) -> String {
        path.map { key in
            key.utf8.allSatisfy { $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") || isAlphanumeric($0) }
                ? key : "\"\(key)\""
        }.joined(separator: ".")
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        let letter = byte | 0x20
        return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}

extension TOMLValue {
    /// The tree with one value set; tables that lead there are made.
    fileprivate func setting(_ path: ArraySlice<String>, to value: TOMLValue) -> TOMLValue {
        guard let first = path.first else { return value }
        var entries = table ?? [:]
        entries[first] = (entries[first] ?? .table([:])).setting(path.dropFirst(), to: value)
        return .table(entries)
    }
}
