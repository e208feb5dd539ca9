import OCI
import Synchronization

/// What registries gave the agent, or accepted from it, as `Authorization`: for as long as it is good.
///
/// Bounded; never written to disk.
final class TokenCache: Sendable {
    struct Key: Hashable, Sendable {
        var registry: RegistryName
        var scope: String
        /// Whose token it is: a token that one client's password was traded in for must not serve another, though it calls itself the
        /// same.
        var principal: Principal
    }

    struct Token: Sendable, Equatable {
        /// The value of an `Authorization` header.
        var authorization: Secret
        var expires: ContinuousClock.Instant
        /// It was had without credentials, as anybody could have it.
        var isAnonymous: Bool
    }

    static let limit = 1000

    private let tokens = Mutex<[Key: Token]>([:])
    /// One request to a token server at a time for each key.
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

    /// A registry did not accept a token. One that has taken its place meanwhile stays.
    func drop(_ token: Token, for key: Key) {
        tokens.withLock { tokens in
            if tokens[key] == token { tokens[key] = nil }
        }
    }
}
