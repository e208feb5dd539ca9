import OCI

/// What a registry can be shown.
enum Credential: Sendable, Hashable {
    case password(user: String, Secret)
    /// An identity token (`docker login` with OAuth): only good for getting access tokens.
    case identityToken(Secret)
    /// User and password as a client of the mirror sent them: the whole value of its `Authorization`.
    case basic(Secret)
    /// What else a client sent, such as a token that it got itself: passed on as it is, or not at all.
    case asIs(Secret)

    /// Nil where the client sent what cannot be passed on: then it has nothing to show.
    init?(_ authorization: ClientAuthorization) {
        guard let value = authorization.value else { return nil }
        self = authorization.isBasic ? .basic(Secret(value)) : .asIs(Secret(value))
    }

    /// The value of an `Authorization` header that names a user and a password; nil for what is none.
    var basic: Secret? {
        switch self {
        case .password(let user, let password):
            Secret("Basic " + Base64.encode(Array("\(user):\(password.value)".utf8)))
        case .basic(let value): value
        case .identityToken, .asIs: nil
        }
    }
}
