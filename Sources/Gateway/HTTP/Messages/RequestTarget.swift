/// The target of a request line (RFC 9112 §3.2): origin form, absolute form, or `*`.
struct RequestTarget: Equatable {
    var path: String
    var query: String?
    /// The host of the absolute form, which takes the place of the `Host` field.
    var authority: String?

    /// Nil for what no client of ours may send: the authority form of CONNECT, other schemes, a relative path.
    init?(_ uri: String) {
        let text = uri.utf8
        let schemes = ["http://", "https://"]
        if text.first == UInt8(ascii: "/") || uri == "*" {
            self.init(pathAndQuery: uri[...], authority: nil)
        } else if let scheme = schemes.first(where: { uri.lowercased().hasPrefix($0) }) {
            let rest = uri.dropFirst(scheme.count)
            let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
            guard end > rest.startIndex else { return nil }
            self.init(pathAndQuery: rest[end...], authority: String(rest[..<end]))
        } else {
            return nil
        }
    }

    private init(pathAndQuery text: Substring, authority: String?) {
        let mark = text.firstIndex(of: "?") ?? text.endIndex
        path = text[..<mark].isEmpty ? "/" : String(text[..<mark])
        query = mark < text.endIndex ? String(text[text.index(after: mark)...]) : nil
        self.authority = authority
    }
}
