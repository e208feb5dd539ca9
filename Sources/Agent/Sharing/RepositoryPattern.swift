public import OCI

/// A pattern of `share.include` and `share.exclude`: `registry/repository`, where `*` stands for any run of characters.
///
/// `ghcr.io/acme/*` names all of one owner's repositories, `docker.io` a whole registry.
public struct RepositoryPattern: Hashable, Sendable, CustomStringConvertible {
    public let description: String
    private let parts: [String]

    public init(_ text: String) {
        description = text
        // A registry alone means all that is in it.
        let full = text.contains("/") || text == "*" ? text : text + "/*"
        parts = full.split(separator: "*", omittingEmptySubsequences: false).map(String.init)
    }

    public func matches(_ origin: Origin) -> Bool {
        matches(origin.description)
    }

    func matches(_ text: String) -> Bool {
        guard parts.count > 1, let first = parts.first, let last = parts.last else { return text == parts.first }
        guard text.utf8.count >= first.utf8.count + last.utf8.count, text.hasPrefix(first), text.hasSuffix(last) else {
            return false
        }
        var rest = text.dropFirst(first.count).dropLast(last.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let end = Self.endOfFirst(part, in: rest) else { return false }
            rest = rest[end...]
        }
        return true
    }

    private static func endOfFirst(_ part: String, in text: Substring) -> Substring.Index? {
        var start = text.startIndex
        while start < text.endIndex {
            if text[start...].hasPrefix(part) { return text.index(start, offsetBy: part.count) }
            start = text.index(after: start)
        }
        return nil
    }
}
