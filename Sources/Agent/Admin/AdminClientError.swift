import Glibc
import SystemPackage

/// Why the agent could not be asked, or its answer not be taken.
public struct AdminClientError: Error, Sendable, CustomStringConvertible {
    /// What went wrong.
    public enum Code: Sendable, Equatable {
        /// Nobody listens on the socket, or this user may not connect.
        case noAgent
        /// No answer in time.
        case timedOut
        /// The agent said no.
        case refused
        /// The connection or the answer is unusable.
        case broken
        /// What was to be sent cannot be read on this side.
        case unreadable
        /// What came cannot be written on this side.
        case unwritable
    }

    public let code: Code
    /// One line: what happened and what to do.
    public let message: String
    /// The error behind it, if any.
    public let cause: (any Error)?

    /// Makes an error of its parts.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// Nobody took the connection on any of the sockets.
    init(unreachable refusals: [(socket: FilePath, errno: CInt)]) {
        if let forbidden = refusals.first(where: { $0.errno == EACCES || $0.errno == EPERM }) {
            self.init(
                .noAgent,
                "no agent reachable: this user may not connect to \(forbidden.socket); use sudo, or join its group")
        } else {
            let sockets = refusals.map(\.socket.string).joined(separator: " or ")
            self.init(
                .noAgent,
                "no agent reachable at \(sockets); start one with 'shoal agent', or name its socket with --socket")
        }
    }

    public var description: String { message }
}
