/// One challenge of a `WWW-Authenticate` header (RFC 9110 §11.6.1), as registries send them with a 401.
public struct AuthChallenge: Sendable, Hashable {
    /// In lower case: `bearer`, `basic`.
    public let scheme: String
    /// Names in lower case; of a name that is repeated the first value counts.
    public let parameters: [String: String]

    /// `scheme` and the names of `parameters` in lower case.
    public init(scheme: String, parameters: [String: String]) {
        self.scheme = scheme
        self.parameters = parameters
    }

    /// Where a Bearer token is to be fetched, or what Basic credentials are for.
    public var realm: String? { parameters["realm"] }
    /// The name of the registry, as the token server knows it.
    public var service: String? { parameters["service"] }
    /// What the token must allow, as in `repository:library/nginx:pull`.
    public var scope: String? { parameters["scope"] }
    /// Why a token that was sent was refused, as in `insufficient_scope` (RFC 6750 §3.1).
    public var error: String? { parameters["error"] }

    private static let maximumChallenges = 16
    private static let maximumParameters = 32
    private static let maximumHeaderLength = 8192

    /// Reads the challenges of all `WWW-Authenticate` fields, in order. What cannot be read is skipped; headers of more
    /// than 8 KiB and more challenges than anybody sends are left out.
    public static func parse(_ headers: [String]) -> [AuthChallenge] {
        var challenges: [AuthChallenge] = []
        for header in headers.prefix(maximumChallenges) where header.utf8.count <= maximumHeaderLength {
            var cursor = HeaderCursor(header)
            while challenges.count < maximumChallenges, let challenge = next(&cursor) {
                challenges.append(challenge)
            }
        }
        return challenges
    }

    private static func next(_ cursor: inout HeaderCursor) -> AuthChallenge? {
        while !cursor.isAtEnd {
            cursor.skipWhitespace()
            if cursor.take(.comma) { continue }
            guard let scheme = cursor.token(), endsWord(cursor) else {
                cursor.skipElement()
                continue
            }
            return AuthChallenge(scheme: scheme.lowercased(), parameters: parameters(&cursor))
        }
        return nil
    }

    /// Reads parameters until the end, or until a word without `=` behind a comma begins the next challenge.
    private static func parameters(_ cursor: inout HeaderCursor) -> [String: String] {
        var parameters: [String: String] = [:]
        var isBehindComma = false
        while !cursor.isAtEnd {
            cursor.skipWhitespace()
            if cursor.take(.comma) {
                isBehindComma = true
                continue
            }
            let start = cursor
            if let name = cursor.token() {
                let endsHere = endsWord(cursor)
                cursor.skipWhitespace()
                if cursor.take(.equals) {
                    if let value = value(&cursor), parameters.count < maximumParameters {
                        parameters.merge([name.lowercased(): value]) { first, _ in first }
                    }
                } else if isBehindComma, endsHere {
                    cursor = start
                    return parameters
                }
            }
            cursor.skipElement()
            isBehindComma = true
        }
        return parameters
    }

    /// A parameter's value; nil for the padding of a token68, which is credentials' business and not a registry's.
    private static func value(_ cursor: inout HeaderCursor) -> String? {
        cursor.skipWhitespace()
        if cursor.next == .quote { return cursor.quotedString() }
        if cursor.next == .equals { return nil }
        // Unquoted URLs are no tokens, but they are sent.
        return cursor.text { $0 != .comma && !$0.isHeaderWhitespace }
    }

    private static func endsWord(_ cursor: HeaderCursor) -> Bool {
        cursor.next.map { $0 == .comma || $0.isHeaderWhitespace } ?? true
    }
}
