internal import AsyncHTTPClient
import FoundationEssentials
import Logging
import NIOCore
import NIOHTTP1
import OCI

/// A request to a registry with all that belongs to it: what it costs to be let in, what a failure means.
extension UpstreamClient {
    /// What is asked.
    struct Question {
        var method: HTTPMethod = .GET
        var origin: Origin
        /// Behind `/v2/<name>/`.
        var path: String
        var query: [(name: String, value: String)] = []
        var headers = HTTPHeaders()
        /// Use no credentials although there may be some.
        var anonymously = false
    }

    struct Answer {
        var response: HTTPClientResponse
        var anonymous: Bool

        func header(_ name: String) -> String? { response.headers.first(name: name) }
    }

    /// Sends a question, with the authorisation that upstream asks for.
    /// - Returns: an answer of 200 or 206.
    func ask(_ question: Question, deadline: Duration) async throws(UpstreamError) -> Answer {
        let registry = question.origin.registry
        let endpoint = try endpoint(registry)
        guard !isKnownUnreachable(registry) else {
            throw UpstreamError(
                code: .unreachable, message: "\(registry) could not be reached a moment ago", registry: registry)
        }
        let end = NIODeadline.now() + .nanoseconds(Int64(deadline / .nanoseconds(1)))
        do {
            let answer = try await authorised(question, endpoint, end)
            note { $0.answered(registry, now: .now) }
            return try accepted(answer, question)
        } catch {
            throw explained(error, question)
        }
    }

    // MARK: Authorisation

    private func authorised(_ question: Question, _ endpoint: Endpoint, _ deadline: NIODeadline) async throws -> Answer {
        let credential = question.anonymously ? nil : credentials.credential(for: question.origin.registry)
        let key = TokenCache.Key(
            registry: question.origin.registry, scope: "repository:\(question.origin.repository):pull",
            identity: credential?.identity)
        var authorization = tokens.token(for: key, now: .now)?.authorization
        var request = UpstreamTransport.Request(
            method: question.method,
            url: endpoint.url("\(question.origin.repository)/\(question.path)", query: question.query),
            headers: question.headers, authorization: authorization)
        var response = try await sendOnceMore(request, endpoint, deadline)
        guard response.status == .unauthorized else {
            return Answer(response: response, anonymous: authorization == nil || credential == nil)
        }
        if authorization != nil { tokens.drop(key) }
        let challenges = AuthChallenge.parse(response.headers["WWW-Authenticate"])
        var isAnonymous = true
        if let bearer = challenges.first(where: { $0.scheme == "bearer" }) {
            let token = try await tokens.flights.run(key) {
                try await self.token(for: key, bearer, credential, endpoint, deadline)
            }
            authorization = token.authorization
            isAnonymous = credential == nil
        } else if challenges.contains(where: { $0.scheme == "basic" }), let basic = credential?.basic {
            authorization = basic
            isAnonymous = false
        } else {
            return Answer(response: response, anonymous: true)
        }
        request.authorization = authorization
        response = try await sendOnceMore(request, endpoint, deadline)
        return Answer(response: response, anonymous: isAnonymous)
    }

    /// A pooled connection that the server closed meanwhile is no failure of the server's.
    private func sendOnceMore(
        _ request: UpstreamTransport.Request, _ endpoint: Endpoint, _ deadline: NIODeadline
    ) async throws -> HTTPClientResponse {
        do {
            return try await transport.send(request, to: endpoint, deadline: deadline, logger: logger)
        } catch let error as HTTPClientError where error == .remoteConnectionClosed {
            return try await transport.send(request, to: endpoint, deadline: deadline, logger: logger)
        }
    }

    private func token(
        for key: TokenCache.Key, _ challenge: AuthChallenge, _ credential: Credential?, _ endpoint: Endpoint,
        _ deadline: NIODeadline
    ) async throws -> TokenCache.Token {
        guard let realm = challenge.realm, let url = URL(string: realm), let realmOrigin = WebOrigin(url),
            let registryOrigin = WebOrigin(endpoint.base)
        else { throw TransportError.redirect("the realm of its WWW-Authenticate is no URL") }
        let allowed = RealmRule.allowsCredentials(registry: registryOrigin, realm: realmOrigin)
        let shown = allowed ? credential : nil
        var query = [("scope", challenge.scope ?? key.scope)]
        if let service = challenge.service { query.append(("service", service)) }
        var request = UpstreamTransport.Request(url: realm)
        if case .identityToken(let secret)? = shown {
            query += [("grant_type", "refresh_token"), ("client_id", "shoal"), ("refresh_token", secret.value)]
            request.method = .POST
            request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
            request.body = Array(Self.form(query).utf8)
        } else {
            request.url += (realm.contains("?") ? "&" : "?") + Self.form(query)
            request.authorization = shown?.basic
        }
        let response = try await sendOnceMore(request, endpoint, deadline)
        guard response.status == .ok else {
            throw StatusError(status: Int(response.status.code), retryAfter: RetryPolicy.retryAfter(response.headers.first(name: "Retry-After")))
        }
        let body = try await response.body.collect(upTo: 1 << 20)
        let document = try JSONDecoder().decode(TokenDocument.self, from: Data(body.readableBytesView))
        guard let value = document.value else { throw TransportError.redirect("its token server gave no token") }
        let now = ContinuousClock.now
        let token = TokenCache.Token(authorization: value, expires: now.advanced(by: document.lifetime))
        tokens.keep(token, for: key, now: now)
        return token
    }

    private static func form(_ items: [(String, String)]) -> String {
        items.map { "\($0.0)=\(Endpoint.encoded($0.1))" }.joined(separator: "&")
    }

    // MARK: What an answer means

    struct StatusError: Error {
        var status: Int
        var retryAfter: Duration?
    }

    private func accepted(_ answer: Answer, _ question: Question) throws -> Answer {
        let status = Int(answer.response.status.code)
        guard status == 200 || status == 206 else {
            throw StatusError(status: status, retryAfter: RetryPolicy.retryAfter(answer.header("Retry-After")))
        }
        return answer
    }

    private func explained(_ error: any Error, _ question: Question) -> UpstreamError {
        let registry = question.origin.registry
        let what = "\(registry): \(question.method) \(question.origin.repository)/\(question.path)"
        func failure(_ code: UpstreamError.Code, _ why: String, retryAfter: Duration? = nil) -> UpstreamError {
            UpstreamError(code: code, message: "\(what): \(why)", registry: registry, retryAfter: retryAfter)
        }
        switch error {
        case let error as UpstreamError:
            return error
        case let error as StatusError:
            switch error.status {
            case 401: return failure(.needsCredentials, "it wants credentials that this agent does not have (401)")
            case 403: return failure(.denied, "it says no (403)")
            case 404: return failure(.notFound, "it has no such thing (404)")
            case 416: return failure(.rangeUnsatisfiable, "it has no such range (416)")
            case 429: return failure(.throttled, "it asks for patience (429)", retryAfter: error.retryAfter)
            default: return failure(.broken, "it answered \(error.status)", retryAfter: error.retryAfter)
            }
        case is ForbiddenAddress:
            return failure(.notAllowed, "\(error)")
        case is TransportError, is DecodingError:
            return failure(.broken, "\(error)")
        case let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout:
            note { $0.wasLate(registry, now: .now) }
            return failure(.unreachable, "it did not answer in time")
        case let error as HTTPClientError where error == .remoteConnectionClosed:
            return failure(.broken, "it closed the connection without an answer")
        case let error as HTTPClientError where error == .cancelled:
            return failure(.broken, "the request was cancelled")
        case is CancellationError:
            return failure(.broken, "the request was cancelled")
        default:
            note { $0.failed(registry, now: .now) }
            return failure(.unreachable, "it cannot be reached: \(error)")
        }
    }
}
