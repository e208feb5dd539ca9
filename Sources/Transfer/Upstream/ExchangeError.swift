import OCI

/// Why an exchange with a registry came to nothing, before it is put in the caller's terms.
enum ExchangeError: Error {
    case transport(TransportFailure)
    /// The registry, or who it redirected to, answered with a status that is no success.
    case status(Int, retryAfter: Duration?)
    /// Its token server did.
    case tokenStatus(Int, retryAfter: Duration?)
    /// Its token server is no use.
    case token(String)

    static func refused(_ response: UpstreamTransport.Response) -> Self {
        .status(response.status, retryAfter: response.retryAfter)
    }

    static func tokenRefused(_ response: UpstreamTransport.Response) -> Self {
        .tokenStatus(response.status, retryAfter: response.retryAfter)
    }

    /// What it says about whether the registry is there.
    enum Presence { case present, away, late, unknown }

    var presence: Presence {
        guard case .transport(let failure) = self else { return .present }
        if failure.isOfAnotherHost { return .present }
        switch failure.kind {
        case .unreached: return failure.isTimeout ? .late : .away
        case .late: return .late
        case .closed, .nonsense: return .present
        case .crowded, .notAllowed, .cancelled: return .unknown
        }
    }

    /// The error for callers.
    func explained(_ question: UpstreamClient.Question) -> UpstreamError {
        let (code, why, retryAfter, isTransient) = meaning
        var error = UpstreamError(
            code: code,
            message:
                "\(question.origin.registry): \(question.method) \(question.origin.repository)/\(question.path): \(why)",
            registry: question.origin.registry, retryAfter: retryAfter)
        error.isTransient = isTransient
        return error
    }

    private typealias Meaning = (UpstreamError.Code, String, Duration?, Bool)

    private var meaning: Meaning {
        switch self {
        case .transport(let failure): return Self.meaning(of: failure)
        case .token(let why): return (.broken, why, nil, false)
        case .status(let status, let retryAfter):
            switch status {
            case 401:
                return (
                    .needsCredentials, "it wants credentials (401); give them in its [upstream] table or docker_config",
                    nil, false
                )
            case 403: return (.denied, "it says no (403)", nil, false)
            case 404: return (.notFound, "it has no such thing (404)", nil, false)
            case 416: return (.rangeUnsatisfiable, "it has no such range (416)", nil, false)
            default: return Self.meaning(of: status, "it", retryAfter)
            }
        case .tokenStatus(let status, let retryAfter):
            switch status {
            case 401:
                return (
                    .needsCredentials, "its token server wants other credentials than this agent has (401)", nil, false
                )
            case 403: return (.denied, "its token server says no (403)", nil, false)
            default: return Self.meaning(of: status, "its token server", retryAfter)
            }
        }
    }

    private static func meaning(of status: Int, _ who: String, _ retryAfter: Duration?) -> Meaning {
        let isTransient = RetryPolicy.isTransient(status: status)
        // A 503 with a time is the same request for patience.
        if status == 429 || (status == 503 && retryAfter != nil) {
            return (.throttled, "\(who) asks for patience (\(status))", retryAfter, isTransient)
        }
        return (.broken, "\(who) answered \(status)", retryAfter, isTransient)
    }

    private static func meaning(of failure: TransportFailure) -> Meaning {
        switch failure.kind {
        case .unreached, .late: (.unreachable, "it cannot be reached: \(failure.reason)", nil, false)
        case .crowded: (.throttled, failure.reason, nil, false)
        case .closed: (.broken, failure.reason, nil, true)
        case .nonsense, .cancelled: (.broken, failure.reason, nil, false)
        case .notAllowed: (.notAllowed, failure.reason, nil, false)
        }
    }
}

extension UpstreamTransport.Response {
    var retryAfter: Duration? { RetryAfter.duration(header("Retry-After"), date: header("Date")) }
}
