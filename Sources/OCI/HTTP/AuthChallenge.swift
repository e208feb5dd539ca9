/// One challenge of a `WWW-Authenticate` header (RFC 9110 §11.6.1), as registries send them with a 401.
public struct AuthChallenge: Sendable, Hashable {
    /// In lower case: `bearer`, `basic`.
    public let scheme: String
    /// Names in lower case; of a name that is repeated the first value counts.
    public let parameters: [String: String]

    public init(scheme: String, parameters: [String: String]) {
        self.scheme = scheme
        self.parameters = parameters
    }

    /// Where a Bearer token is to be fetched, or what Basic credentials are for.
    public var realm: String? { parameters["realm"] }
    public var service: String? { parameters["service"] }
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
            guard let scheme = cursor.token(), cursor.isAtEnd || cursor.next == .comma || cursor.next == .space else {
                cursor.skipElement()
                continue
            }
            return AuthChallenge(scheme: scheme.lowercased(), parameters: parameters(&cursor))
        }
        return nil
    }

    /// Reads parameters until the end, or until a token without `=` begins the next challenge.
    private static func parameters(_ cursor: inout HeaderCursor) -> [String: String] {
        var parameters: [String: String] = [:]
        while !cursor.isAtEnd {
            let start = cursor
            cursor.skipWhitespace()
            if cursor.take(.comma) { continue }
            guard let name = cursor.token() else {
                cursor.skipElement()
                continue
            }
            cursor.skipWhitespace()
            guard cursor.take(.equals) else {
                cursor = start
                // Another challenge begins behind a comma or at a space; anything else is rubbish to step over.
                if isScheme(cursor) { return parameters }
                cursor.skipElement()
                continue
            }
            cursor.skipWhitespace()
            // Unquoted URLs are no tokens, but they are sent.
            let value =
                cursor.next == .quote
                ? cursor.quotedString() : cursor.text { $0 != .comma && !$0.isHeaderWhitespace }
            if let value, parameters.count < maximumParameters, parameters[name.lowercased()] == nil {
                parameters[name.lowercased()] = value
            }
            cursor.skipElement()
        }
        return parameters
    }

    private static func isScheme(_ cursor: HeaderCursor) -> Bool {
        var cursor = cursor
        cursor.skipWhitespace()
        guard cursor.token() != nil else { return false }
        return cursor.isAtEnd || cursor.next == .comma || cursor.next == .space
    }
}
