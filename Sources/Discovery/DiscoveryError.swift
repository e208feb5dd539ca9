/// What went wrong in discovery: a file, a key, an address, a socket.
public struct DiscoveryError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// `data_dir` cannot hold `node.json`.
        case identityUnusable
        /// The cluster key's file is missing, readable by others, or holds no key.
        case keyUnusable
        /// A word of `peers.allow` is neither a known word nor a CIDR.
        case accessInvalid
        /// The UDP port cannot be bound.
        case bindFailed
        /// A peer answered with something that is not the protocol's.
        case answerInvalid
        /// DNS does not know a name.
        case nameUnknown
        /// A peer did not answer in time.
        case timedOut
    }

    public let code: Code
    /// What happened, to what, and what to do. Never holds a secret.
    public let message: String
    /// The error that led here, if another library's or the system's did.
    public let cause: (any Error)?

    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String { message }
}
