import FoundationEssentials

/// A token server's answer (distribution's token specification).
struct TokenDocument: Decodable {
    private var token: String?
    private var accessToken: String?
    private var expiresIn: Double?

    private enum CodingKeys: String, CodingKey {
        case token
        case accessToken = "access_token"
        case expiresIn = "expires_in"
    }

    init(from decoder: any Decoder) throws {
        let document = try decoder.container(keyedBy: CodingKeys.self)
        token = try document.decodeIfPresent(String.self, forKey: .token)
        accessToken = try document.decodeIfPresent(String.self, forKey: .accessToken)
        expiresIn = try? document.decodeIfPresent(Double.self, forKey: .expiresIn)
    }

    /// The value of an `Authorization` header; nil where there is no token, or one that has no place in a header.
    var authorization: Secret? {
        guard let text = [token, accessToken].compactMap({ $0 }).first(where: { !$0.isEmpty }),
            text.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { return nil }
        return Secret("Bearer " + text)
    }

    /// How long it is good, counted from now and not from `issued_at`, for which one would need the right time.
    ///
    /// The specification's default, and least, is a minute. A little is taken off for the way.
    var lifetime: Duration {
        let seconds = expiresIn.flatMap { $0.isFinite ? $0 : nil } ?? 60
        return .seconds(Int(max(60, min(seconds, 86_400)))) - .seconds(10)
    }
}
