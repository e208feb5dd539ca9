public import NIOHTTP1

/// Why the HTTP server itself turns a request down, before or instead of its responder's answer.
public struct HTTPRefusal: Error, Hashable, Sendable {
    public enum Reason: Hashable, Sendable, CaseIterable {
        /// The bytes are no HTTP/1.1 request.
        case malformed
        /// The request line is longer than ``HTTPLimits/requestLineSize``.
        case targetTooLong
        /// The header is larger, or has more fields, than allowed.
        case headerTooLarge
        /// The body is larger than ``HTTPLimits/bodySize``.
        case bodyTooLarge
        /// The request did not arrive whole in ``HTTPLimits/headerTime``.
        case tooSlow
        /// An `Expect` other than `100-continue`.
        case expectationUnknown
        /// A method that HTTP does not know.
        case methodUnknown
        /// Another major version of HTTP.
        case versionUnsupported
        /// There are as many connections as there may be.
        case tooManyConnections
        /// As many requests are being answered as may be (``HTTPLimits/requests``).
        case tooManyRequests
        /// The client went away, or stopped sending, in the middle of its request's body.
        case bodyBrokenOff
        /// The responder promised a body whose first byte could not be had.
        case bodyUnavailable

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
