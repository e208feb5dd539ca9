internal import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1
import OCI

/// How the agent is let in: Bearer tokens and Basic (RFC 9110 §11, distribution's token specification).
///
/// Only the registry's own 401 counts, not one of a host that it redirected to: that one is nobody's to ask for credentials.
extension UpstreamClient {
    /// How long a token server may take.
    private static let tokenTime: Duration = .seconds(5)
    private static let tokenLimit = 1 << 20
    /// So long Basic is sent unasked to a registry that wanted it.
    private static let basicLifetime: Duration = .seconds(300)

    /// Sends a question; where upstream wants authorisation, once more with it.
    func authorised(
        _ question: Question, _ endpoint: Endpoint, by end: ContinuousClock.Instant
    ) async throws(ExchangeError) -> Answer {
        guard let url = endpoint.url("\(question.origin.repository)/\(question.path)", query: question.query) else {
            throw .transport(TransportFailure(.nonsense, "its url and the name make no URL"))
        }
        let credential = credential(of: question.identity, at: endpoint.registry)
        var request = UpstreamTransport.Request(
            method: question.method, url: url, headers: question.headers, purpose: question.purpose)
        if case .asIs(let value) = credential {
            request.authorization = value
            return Answer(response: try await send(request, endpoint, by: end), anonymous: false)
        }
        let key = TokenCache.Key(
            registry: endpoint.registry, scope: "repository:\(question.origin.repository):pull",
            principal: Principal(credential, at: endpoint.registry))
        let known = tokens.token(for: key, now: .now)
        request.authorization = known?.authorization
        let first = try await send(request, endpoint, by: end)
        guard first.status == 401, first.isFromAsked else {
            return Answer(response: first, anonymous: known?.isAnonymous ?? true)
        }
        await transport.discard(first, by: end)
        if let known { tokens.drop(known, for: key) }
        let challenges = AuthChallenge.parse(first.head.headers["WWW-Authenticate"])
        guard let token = try await token(for: key, challenges, credential, endpoint, by: end) else {
            throw .refused(first)
        }
        request.authorization = token.authorization
        let second = try await send(request, endpoint, by: end)
        if second.status == 401, second.isFromAsked { tokens.drop(token, for: key) }
        return Answer(response: second, anonymous: token.isAnonymous)
    }

    /// What a registry is shown by whom; nil: nothing.
    private func credential(of identity: UpstreamIdentity, at registry: RegistryName) -> Credential? {
        switch identity {
        case .node: credentials.credential(for: registry)
        case .anybody: nil
        case .client(let authorization): Credential(authorization)
        }
    }

    /// Who asks a registry, as far as that can tell.
    func principal(of identity: UpstreamIdentity, at registry: RegistryName) -> Principal {
        Principal(credential(of: identity, at: registry), at: registry)
    }

    private func send(
        _ request: UpstreamTransport.Request, _ endpoint: Endpoint, by end: ContinuousClock.Instant
    ) async throws(ExchangeError) -> UpstreamTransport.Response {
        do throws(TransportFailure) {
            return try await transport.send(request, to: endpoint, by: end)
        } catch {
            throw .transport(error)
        }
    }

    /// What answers one of a registry's challenges; nil where the agent has nothing that does.
    private func token(
        for key: TokenCache.Key, _ challenges: [AuthChallenge], _ credential: Credential?, _ endpoint: Endpoint,
        by end: ContinuousClock.Instant
    ) async throws(ExchangeError) -> TokenCache.Token? {
        if let bearer = challenges.first(where: { $0.scheme == "bearer" && $0.realm != nil }) {
            do {
                // Who shares the flight has a time of its own, and takes it up where another's has run out.
                return try await withDeadline(end) {
                    try await self.tokens.flights.run(key) {
                        // Somebody may have fetched one between this caller's 401 and now.
                        if let token = self.tokens.token(for: key, now: .now) { return token }
                        let limit = ContinuousClock.now.advanced(by: Self.tokenTime)
                        let token = try await self.fetch(key, bearer, credential, endpoint, by: limit)
                        self.tokens.keep(token, for: key, now: .now)
                        return token
                    }
                }
            } catch {
                throw Self.tokenError(error)
            }
        }
        if challenges.contains(where: { $0.scheme == "basic" }), let basic = credential?.basic {
            let now = ContinuousClock.now
            let token = TokenCache.Token(
                authorization: basic, expires: now.advanced(by: Self.basicLifetime), isAnonymous: false)
            tokens.keep(token, for: key, now: now)
            return token
        }
        return nil
    }

    /// A token server that cannot be reached says nothing about the registry.
    private static func tokenError(_ error: any Error) -> ExchangeError {
        var failure: TransportFailure
        switch error {
        case ExchangeError.transport(let met): failure = met
        case let error as ExchangeError: return error
        default: failure = TransportFailure(error)
        }
        failure.isOfAnotherHost = true
        failure.reason = "its token server: \(failure.reason)"
        return .transport(failure)
    }

    /// Gets a token: by GET, with Basic where there is a password to show; an identity token is traded in by POST.
    private func fetch(
        _ key: TokenCache.Key, _ challenge: AuthChallenge, _ credential: Credential?, _ endpoint: Endpoint,
        by end: ContinuousClock.Instant
    ) async throws(ExchangeError) -> TokenCache.Token {
        guard let realm = challenge.realm, let url = URL(string: realm), let origin = WebOrigin(url),
            var components = URLComponents(url: url, resolvingAgainstBaseURL: true)
        else { throw .token("the realm of its WWW-Authenticate is no URL") }
        let shown = RealmRule.allowsCredentials(registry: endpoint.origin, realm: origin) ? credential : nil
        // What a list or a renamed repository needs is only in the challenge.
        let scopes = [key.scope] + (challenge.scope.map { $0 == key.scope || $0.isEmpty ? [] : [$0] } ?? [])
        let service = challenge.service.map { [(name: "service", value: $0)] } ?? []
        var request = UpstreamTransport.Request(url: url)
        if case .identityToken(let secret)? = shown {
            request.method = .POST
            request.form = Secret(
                Endpoint.form(
                    service + [
                        ("scope", scopes.joined(separator: " ")), ("grant_type", "refresh_token"),
                        ("client_id", "shoal"), ("refresh_token", secret.value),
                    ]))
        } else {
            let query = Endpoint.form(service + scopes.map { (name: "scope", value: $0) })
            components.percentEncodedQuery =
                components.percentEncodedQuery.map { $0.isEmpty ? query : "\($0)&\(query)" } ?? query
            components.fragment = nil
            guard let full = components.url else { throw .token("the realm of its WWW-Authenticate is no URL") }
            request.url = full
            request.authorization = shown?.basic
        }
        let response = try await send(request, endpoint, by: end)
        guard response.status == 200 else {
            await transport.discard(response, by: end)
            throw .tokenRefused(response)
        }
        let document: TokenDocument
        do {
            let body = try await withDeadline(end) { try await response.head.body.collect(upTo: Self.tokenLimit) }
            document = try JSONDecoder().decode(TokenDocument.self, from: Data(body.readableBytesView))
        } catch {
            throw .token("its token server's answer broke off or is no JSON")
        }
        guard let authorization = document.authorization else { throw .token("its token server gave no token") }
        return TokenCache.Token(
            authorization: authorization, expires: .now.advanced(by: document.lifetime), isAnonymous: shown == nil)
    }
}
