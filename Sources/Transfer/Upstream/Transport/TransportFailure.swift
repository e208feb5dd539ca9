internal import AsyncHTTPClient
import NIOCore
import NIOPosix
import NIOSSL

#if canImport(Glibc)
    import Glibc
#endif

/// Why a request got no answer.
struct TransportFailure: Error, Equatable {
    enum Kind: Equatable {
        /// No connection came about: no address, nobody listening, no TLS.
        case unreached
        /// A connection, or the attempt at one, was there, but no answer came in time.
        case late
        /// All connections that the agent allows itself are in use.
        case crowded
        /// The connection broke before an answer came: on one that had been idle that is nobody's fault.
        case closed
        /// The answer made no sense.
        case nonsense
        /// The agent does not go there.
        case notAllowed
        /// Nobody waits for the answer any more.
        case cancelled
    }

    var kind: Kind
    var reason: String
    /// It happened at another host than the one that was asked: where a redirect had led, or at its token server.
    var isOfAnotherHost = false
    /// Nobody said no, it only took too long: on a line that is full that happens to who is there, too.
    var isTimeout = false

    init(_ kind: Kind, _ reason: String) {
        self.kind = kind
        self.reason = reason
    }

    /// Says what an error of the HTTP client means.
    init(_ error: any Error) {
        switch error {
        case let error as TransportFailure: self = error
        case is CancellationError: self.init(.cancelled, "the request was cancelled")
        case let error as HTTPClientError: self.init(error)
        case is DeadlineError: self.init(.late, "it did not answer in time")
        case is SilenceError: self.init(.late, "it was silent for too long")
        case let error as NIOConnectionError: self.init(.unreached, Self.reason(of: error))
        case ChannelError.connectTimeout:
            self.init(.unreached, "connecting took too long")
            isTimeout = true
        case NIOSSLError.uncleanShutdown: self.init(.closed, "it broke the connection off")
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            self.init(.unreached, "TLS failed (\(error)); is its certificate signed by somebody this machine trusts?")
        case is SocketAddressError, is SocketAddressError.UnknownHost:
            self.init(.unreached, "its name cannot be resolved")
        case let error as IOError:
            let isAway = [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN, ETIMEDOUT]
                .contains(error.errnoCode)
            self.init(isAway ? .unreached : .closed, "\(error)")
        case is ChannelError: self.init(.closed, "the connection broke off")
        default: self.init(.nonsense, "\(error)")
        }
    }

    private init(_ error: HTTPClientError) {
        switch error {
        case .connectTimeout:
            self.init(.unreached, "connecting took too long")
            isTimeout = true
        case .tlsHandshakeTimeout:
            self.init(.unreached, "the TLS handshake took too long")
            isTimeout = true
        case .deadlineExceeded, .readTimeout, .writeTimeout: self.init(.late, "it did not answer in time")
        case .getConnectionFromPoolTimeout: self.init(.crowded, "no connection to it became free in time")
        case .remoteConnectionClosed, .uncleanShutdown: self.init(.closed, "it closed the connection without an answer")
        case .cancelled, .alreadyShutdown: self.init(.cancelled, "the request was cancelled")
        default: self.init(.nonsense, "\(error)")
        }
    }

    private static func reason(of error: NIOConnectionError) -> String {
        if let last = error.connectionErrors.last { return "nobody answers there (\(last.error))" }
        return "its name cannot be resolved (\(error.dnsAError ?? error.dnsAAAAError ?? error))"
    }
}
