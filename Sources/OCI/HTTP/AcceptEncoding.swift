/// Which content codings a client is willing to take (RFC 9110 §12.5.3).
public struct AcceptEncoding: Sendable, Hashable {
    /// More than there are codings; a longer header is not worth the time.
    private static let maximumCodings = 32

    private var qualities: [String: Int] = [:]

    /// Reads the values of all `Accept-Encoding` fields of a request. Elements that are none are skipped.
    public init(values: [String]) {
        for value in values {
            var cursor = HeaderCursor(value)
            while !cursor.isAtEnd, qualities.count < Self.maximumCodings {
                if let (coding, quality) = Self.element(&cursor) { qualities[coding] = quality }
                cursor.skipElement()
            }
        }
    }

    /// Whether an answer in this coding is welcome: it is named, or `*` is, and not with `q=0`. A client that says nothing takes any
    /// coding by the letter of the RFC; here it gets none.
    public func accepts(_ coding: String) -> Bool { (qualities[coding] ?? qualities["*"] ?? 0) > 0 }

    private static func element(_ cursor: inout HeaderCursor) -> (String, Int)? {
        cursor.skipWhitespace()
        guard let coding = cursor.token() else { return nil }
        var quality = 1000
        cursor.skipWhitespace()
        if cursor.take(.semicolon) {
            cursor.skipWhitespace()
            guard let name = cursor.token(), name == "q" || name == "Q", cursor.take(.equals),
                let weight = cursor.token().flatMap(AcceptHeader.thousandths)
            else { return nil }
            quality = weight
            cursor.skipWhitespace()
        }
        guard cursor.isAtEnd || cursor.next == .comma else { return nil }
        return (coding.lowercased(), quality)
    }
}
