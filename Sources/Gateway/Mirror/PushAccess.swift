import NIOCore
import NIOHTTP1
import OCI

/// Stands before the mirror's routes: lets a request pass, or answers it in their place.
struct PushAccess: Sendable {
    private let users: (any PushUsers)?
    private let rule: PushRule

    /// - Parameter users: nil where nobody may push from elsewhere.
    init(users: (any PushUsers)?) {
        self.users = users
        rule = PushRule(hasUsers: users != nil)
    }

    /// The answer to a request that may not pass; nil if it may.
    func refusal(of request: HTTPRequest) async -> HTTPResponse? {
        let credentials = BasicCredentials(request.headers)
        switch verdict(request, credentials == nil ? .none : .unchecked) {
        case .allowed:
            return nil
        case .denied(let message):
            return refusal(DistributionError(code: .denied, message: message))
        case .needsUser:
            return challenge
        case .check:
            guard let users, let credentials else { return challenge }
            switch await users.check(credentials, from: request.remoteAddress?.ipAddress ?? "unknown") {
            case .right:
                return verdict(request, .right) == .allowed ? nil : challenge
            case .wrong:
                return challenge
            case .later(let seconds):
                var response = refusal(
                    DistributionError(code: .unavailable, message: "too many passwords to look at; try again later"))
                response.headers.replaceOrAdd(name: "Retry-After", value: String(seconds))
                return response
            }
        }
    }

    /// What a request carries for the registry behind the mirror; nil where it carries nothing, or carries it for this node: from elsewhere
    /// that is a user of `push.htpasswd`, whose password is nobody else's business.
    func authorization(of request: HTTPRequest) -> ClientAuthorization? {
        guard users == nil || request.isFromThisMachine else { return nil }
        return ClientAuthorization(fields: request.headers["Authorization"])
    }

    private func verdict(_ request: HTTPRequest, _ credentials: PushRule.Credentials) -> PushRule.Verdict {
        rule.verdict(
            isLocal: request.isFromThisMachine, isSecure: request.isSecure, isWrite: PushRule.isWrite(request.method),
            credentials: credentials)
    }

    private var challenge: HTTPResponse {
        var response = refusal(
            DistributionError(
                code: .unauthorized, message: "a user of this registry is needed; docker login and its kin send one"))
        response.headers.add(name: "WWW-Authenticate", value: "Basic realm=\"shoal\"")
        return response
    }

    private func refusal(_ error: DistributionError) -> HTTPResponse {
        var response = HTTPResponse.distributionError(error)
        response.headers.add(name: "Docker-Distribution-API-Version", value: "registry/2.0")
        return response
    }
}

extension HTTPRequest {
    /// Whether nobody but this machine's programs can have sent it.
    var isFromThisMachine: Bool {
        // Over a unix socket: the listener takes no TCP connection whose address is not known.
        guard let remoteAddress, remoteAddress.protocol != .unix else { return true }
        return remoteAddress.isLoopback
    }
}
