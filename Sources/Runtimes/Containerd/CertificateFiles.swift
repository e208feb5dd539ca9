/// Certificates in a registry's folder as Docker names them, which containerd reads only where there is no hosts.toml: a new
/// one has to name them.
struct CertificateFiles {
    /// The lines of hosts.toml that keep them in force; none where there are none.
    let lines: [String]

    /// - Parameter names: the names in the folder.
    init(names: [String]) {
        var lines: [String] = []
        let authorities = names.filter { $0.hasSuffix(".crt") }
        if !authorities.isEmpty { lines.append("ca = \(Self.list(authorities.map(Self.quoted)))") }
        let pairs = names.filter { $0.hasSuffix(".cert") }.map { name in
            let key = name.dropLast(".cert".count) + ".key"
            return names.contains(String(key))
                ? Self.list([Self.quoted(name), Self.quoted(String(key))]) : Self.quoted(name)
        }
        if !pairs.isEmpty { lines.append("client = \(Self.list(pairs))") }
        self.lines = lines
    }

    private static func list(_ entries: [String]) -> String { "[\(entries.joined(separator: ", "))]" }

    private static func quoted(_ name: String) -> String {
        "\"" + name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
