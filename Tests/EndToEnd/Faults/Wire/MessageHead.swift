/// The head of a request or an answer of HTTP/1.1, as much as a proxy and a client of the tests need.
struct MessageHead: Sendable {
    /// `GET /v2/ HTTP/1.1`, `HTTP/1.1 200 OK`
    var first: String
    var fields: [(name: String, value: String)]

    init(_ text: String) {
        var lines = text.split(separator: "\r\n").map(String.init)[...]
        first = lines.popFirst() ?? ""
        fields = lines.compactMap { line in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            return (String(line[..<colon]), String(line[line.index(after: colon)...].drop { $0 == " " }))
        }
    }

    init(_ first: String, _ fields: [(name: String, value: String)] = []) {
        self.first = first
        self.fields = fields
    }

    subscript(_ name: String) -> String? {
        get { fields.first { $0.name.lowercased() == name.lowercased() }?.value }
        set {
            fields.removeAll { $0.name.lowercased() == name.lowercased() }
            if let newValue { fields.append((name, newValue)) }
        }
    }

    var method: String { word(0) }
    var target: String { word(1) }
    /// 0 where it is no answer.
    var status: Int {
        get { Int(word(1)) ?? 0 }
        set { first = "HTTP/1.1 \(newValue) Said" }
    }
    var length: Int? {
        get { self["Content-Length"].flatMap { Int($0) } }
        set { self["Content-Length"] = newValue.map { "\($0)" } }
    }
    var isChunked: Bool { self["Transfer-Encoding"]?.lowercased() == "chunked" }

    var text: String {
        ([first] + fields.map { "\($0.name): \($0.value)" }).joined(separator: "\r\n") + "\r\n\r\n"
    }

    private func word(_ index: Int) -> String {
        let words = first.split(separator: " ")
        return index < words.count ? String(words[index]) : ""
    }
}
