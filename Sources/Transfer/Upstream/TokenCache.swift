import OCI
import Synchronization

/// Bearer tokens that registries gave, for as long as they are good. Bounded; never written to disk.
final class TokenCache: Sendable {
    struct Key: Hashable, Sendable {
        var registry: RegistryName
        var scope: String
        /// Whose token it is; nil for one that anybody gets.
        var identity: String?
    }

    struct Token: Sendable {
        var authorization: Secret
        var expires: ContinuousClock.Instant
    }

    private static let limit = 1000

    private let tokens = Mutex<[Key: Token]>([:])
    let flights = SingleFlight<Key, Token>()

    func token(for key: Key, now: ContinuousClock.Instant) -> Token? {
        tokens.withLock { tokens in
            guard let token = tokens[key] else { return nil }
            if token.expires > now { return token }
            tokens[key] = nil
            return nil
        }
    }

    func keep(_ token: Token, for key: Key, now: ContinuousClock.Instant) {
        tokens.withLock { tokens in
            if tokens.count >= Self.limit { tokens = tokens.filter { $0.value.expires > now } }
            if tokens.count >= Self.limit { tokens.removeAll() }
            tokens[key] = token
        }
    }

    func drop(_ key: Key) {
        tokens.withLock { $0[key] = nil }
    }
}

/// A token server's answer (distribution's token specification).
struct TokenDocument: Decodable {
    var token: String?
    var access_token: String?
    var expires_in: Int?

    var value: Secret? {
        guard let text = token ?? access_token, !text.isEmpty else { return nil }
        return Secret("Bearer " + text)
    }

    /// The specification's default, and least, is a minute. A little is taken off for the way.
    var lifetime: Duration { .seconds(max(60, min(expires_in ?? 60, 86_400)) - 10) }
}

/// Whether credentials may be shown to the token server that a registry names.
enum RealmRule {
    /// The registry's own host, or over https a host of the same site: `auth.docker.io` for `registry-1.docker.io`. A registry
    /// that names anybody else's host gets no credentials there.
    static func allowsCredentials(registry: WebOrigin, realm: WebOrigin) -> Bool {
        if realm.host == registry.host { return realm.scheme == "https" || registry.scheme == "http" }
        guard realm.scheme == "https", let site = site(of: registry.host) else { return false }
        return site == self.site(of: realm.host)
    }

    /// The last two labels of a name; three where the last two look like `co.uk`. Nil for addresses and single labels.
    static func site(of host: String) -> String? {
        let labels = host.split(separator: ".")
        guard labels.count >= 2, let last = labels.last, !host.contains(":"), !last.allSatisfy(\.isNumber) else { return nil }
        let looksPublic = last.count == 2 && labels[labels.count - 2].count <= 3
        let count = looksPublic ? 3 : 2
        return labels.count >= count ? labels.suffix(count).joined(separator: ".") : nil
    }
}
