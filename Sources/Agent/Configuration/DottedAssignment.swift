/// What `--set` takes: a dotted key, parts of it in quotes where they hold dots, `=`, and the rest as the value.
struct DottedAssignment: Equatable {
    var path: [String]
    var value: String

    init?(_ text: String) {
        var rest = text[...]
        var path: [String] = []
        while true {
            guard let part = Self.takePart(&rest) else { return nil }
            path.append(part)
            switch rest.popFirst() {
            case ".": continue
            case "=":
                self.path = path
                value = String(rest)
                return
            default: return nil
            }
        }
    }

    /// A bare or quoted key at the front; nil where there is none.
    private static func takePart(_ rest: inout Substring) -> String? {
        if let quote = rest.first, quote == "\"" || quote == "'" {
            let inner = rest.dropFirst()
            guard let end = inner.firstIndex(of: quote), end > inner.startIndex else { return nil }
            defer { rest = inner[inner.index(after: end)...] }
            return String(inner[..<end])
        }
        let part = rest.prefix { $0 != "." && $0 != "=" && $0 != "\"" && $0 != "'" }
        guard !part.isEmpty else { return nil }
        rest = rest[part.endIndex...]
        return String(part)
    }
}
