import FoundationEssentials
import NIOHTTP1
import OCI
import Synchronization

/// A token server's book: who gets tokens, and for what they are good. Several stubs may share one.
final class StubTokens: Sendable {
    /// How the server answers; tests change it.
    struct Manner: Sendable {
        /// `token`, or `access_token` as OAuth calls it.
        var field = "token"
        var expiresIn: Int?
        /// Without a password one gets tokens that open public repositories only; or none.
        var givesAnonymous = true
        /// Nobody's token opens anything.
        var isBlind = false
    }

    private struct Grant {
        var scopes: [String]
        var isAnonymous: Bool
    }

    private struct State {
        var manner = Manner()
        var grants: [String: Grant] = [:]
        var issued = 0
    }

    let service = "stub"
    private let users: [String: String]
    private let identityToken: String?
    private let state = Mutex(State())

    init(users: [String: String] = [:], identityToken: String? = nil) {
        self.users = users
        self.identityToken = identityToken
    }

    func set(_ change: @Sendable (inout Manner) -> Void) { state.withLock { change(&$0.manner) } }

    /// Nothing that was given is good any more.
    func revoke() { state.withLock { $0.grants = [:] } }

    var issued: Int { state.withLock { $0.issued } }

    func opens(_ authorization: String?, _ repository: String, isPrivate: Bool) -> Bool {
        guard let authorization, authorization.hasPrefix("Bearer ") else { return false }
        return state.withLock { state in
            guard !state.manner.isBlind, let grant = state.grants[String(authorization.dropFirst(7))] else {
                return false
            }
            return grant.scopes.contains("repository:\(repository):pull") && !(isPrivate && grant.isAnonymous)
        }
    }

    /// Answers a request to the token server: GET with Basic or nothing, or POST of an identity token.
    func answer(_ request: StubRequest) -> StubResponse {
        let isPost = request.method == .POST
        let form = Self.form(isPost ? String(decoding: request.body, as: UTF8.self) : request.query)
        let scopes = (form["scope"] ?? []).flatMap { $0.split(separator: " ").map(String.init) }
        var isAnonymous = false
        if isPost {
            guard identityToken != nil, form["refresh_token"] == identityToken.map({ [$0] }),
                form["grant_type"] == ["refresh_token"]
            else { return .text(401, "{}") }
        } else if let authorization = request.authorization {
            guard Self.isAccepted(authorization, users) else { return .text(401, "{}") }
        } else {
            isAnonymous = true
        }
        return state.withLock { state in
            guard !isAnonymous || state.manner.givesAnonymous else { return .text(401, "{}") }
            state.issued += 1
            let token = "stub-token-\(state.issued)"
            state.grants[token] = Grant(scopes: scopes, isAnonymous: isAnonymous)
            let expiry = state.manner.expiresIn.map { ",\"expires_in\":\($0)" } ?? ""
            return .text(200, "{\"\(state.manner.field)\":\"\(token)\"\(expiry)}")
        }
    }

    static func isAccepted(_ authorization: String, _ users: [String: String]) -> Bool {
        users.contains { user, password in
            authorization == "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
        }
    }

    private static func form(_ text: String) -> [String: [String]] {
        var form: [String: [String]] = [:]
        for item in text.split(separator: "&") {
            let pair = item.split(separator: "=", maxSplits: 1)
            guard let name = pair.first else { continue }
            let value = pair.count > 1 ? String(pair[1]) : ""
            form[String(name), default: []].append(PercentCoding.decode(value) ?? value)
        }
        return form
    }
}
