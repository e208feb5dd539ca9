/// What the agent can show a registry.
enum Credential: Sendable, Hashable {
    case password(user: String, Secret)
    /// An identity token (`docker login` with OAuth): only good for getting access tokens.
    case identityToken(Secret)

    /// Tells identities apart without telling the secret.
    var identity: String {
        switch self {
        case .password(let user, _): "user:\(user)"
        case .identityToken: "token"
        }
    }

    /// The value of an `Authorization` header; nil for an identity token.
    var basic: Secret? {
        guard case .password(let user, let password) = self else { return nil }
        return Secret("Basic " + Base64.encode(Array("\(user):\(password.value)".utf8)))
    }
}
