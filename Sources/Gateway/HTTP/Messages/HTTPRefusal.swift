public import NIOHTTP1

/// Why the HTTP server itself turns a request down, before or instead of its responder's answer.
public struct HTTPRefusal: Error, Hashable, Sendable {
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        /// The bytes are no HTTP/1.1 request.
        case malformed
        /// The request line is longer than ``HTTPLimits/requestLineSize``.
        case targetTooLong = "target_too_long"
        /// The header is larger, or has more fields, than allowed.
        case headerTooLarge = "header_too_large"
        /// The body is larger than ``HTTPLimits/bodySize``.
        case bodyTooLarge = "body_too_large"
        /// The request did not arrive whole in ``HTTPLimits/headerTime``.
        case tooSlow = "too_slow"
        /// An `Expect` other than `100-continue`.
        case expectationUnknown = "expectation_unknown"
        /// A method that HTTP does not know.
        case methodUnknown = "method_unknown"
        /// Another major version of HTTP.
        case versionUnsupported = "version_unsupported"
        /// There are as many connections as there may be.
        case tooManyConnections = "too_many_connections"
        /// As many requests are being answered as may be (``HTTPLimits/requests``).
        case tooManyRequests = "too_many_requests"
        /// The client went away, or stopped sending, in the middle of its request's body.
        case bodyBrokenOff = "body_broken_off"
        /// The responder promised a body whose first byte could not be had.
        case bodyUnavailable = "body_unavailable"

        /// Those for which nobody else is asked.
        public static let ofServer = allCases.filter { $0 != .bodyBrokenOff && $0 != .bodyUnavailable }

        /// The status that the reason has by HTTP (RFC 9110 §15, RFC 6585).
        public var status: HTTPResponseStatus {
            switch self {
            case .malformed: .badRequest
            case .targetTooLong: .uriTooLong
            case .headerTooLarge: .requestHeaderFieldsTooLarge
            case .bodyTooLarge: .payloadTooLarge
            case .tooSlow, .bodyBrokenOff: .requestTimeout
            case .expectationUnknown: .expectationFailed
            case .methodUnknown: .notImplemented
            case .versionUnsupported: .httpVersionNotSupported
            case .tooManyConnections, .tooManyRequests, .bodyUnavailable: .serviceUnavailable
            }
        }
    }

    public var reason: Reason
    /// What is wrong, for people.
    public var message: String

    public init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }

    /// What a parser's error means to the client.
    ///
    /// - Parameter isInRequestLine: whether the request's first line had not ended yet.
    init(_ error: HTTPParserError, isInRequestLine: Bool) {
        switch error {
        case .headerOverflow where isInRequestLine:
            self.init(.targetTooLong, "the request line is too long")
        case .headerOverflow:
            self.init(.headerTooLarge, "the request's header is too large or has too many fields")
        case .invalidMethod:
            self.init(.methodUnknown, "the request's method is not known")
        case .invalidVersion:
            self.init(.versionUnsupported, "only HTTP/1.0 and HTTP/1.1 are spoken here")
        default:
            self.init(.malformed, "the request is not HTTP/1.1: \(error.debugDescription)")
        }
    }
}
