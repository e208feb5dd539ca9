import NIOHTTP1
public import OCI

/// A strong entity tag: content by digest never changes, so the digest is the tag.
public struct EntityTag: Equatable, Sendable {
    /// With its quotes, as it stands in headers.
    public let header: String

    /// The tag of this content.
    public init(_ digest: Digest) {
        header = "\"\(digest)\""
    }

    /// Whether the client already has this (RFC 9110 §13.1.2): weak comparison, `*` is anything.
    public func matches(ifNoneMatch values: [String]) -> Bool {
        values.contains { value in
            value.split(separator: ",").contains { element in
                var tag = element.trimmed
                if tag.hasPrefix("W/") { tag = tag.dropFirst(2) }
                return tag == "*" || tag == header
            }
        }
    }

    /// Whether a range may be answered (RFC 9110 §13.1.5): without `If-Range`, or if it names exactly this tag.
    func permitsRange(ifRange value: String?) -> Bool {
        value.map { $0[...].trimmed == header } ?? true
    }
}

extension Substring {
    /// Without spaces and tabs at both ends.
    var trimmed: Substring {
        let start = drop { $0 == " " || $0 == "\t" }
        guard let last = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return start[...last]
    }
}
