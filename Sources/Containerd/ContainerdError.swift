internal import GRPCCore
internal import SystemPackage

/// What went wrong between this agent and containerd.
public struct ContainerdError: Error, CustomStringConvertible {
    /// What a caller can act on.
    public enum Code: String, Sendable, CaseIterable {
        /// There is no such socket, or nobody answers at it.
        case unreachable
        /// This agent's user may not open the socket.
        case permission
        /// Somebody answers, and it is no containerd.
        case notContainerd
        /// There is no such blob, image or namespace.
        case notFound
        /// There is such a thing already.
        case alreadyThere
        /// containerd's disk is full.
        case noSpace
        /// containerd did not do what it was asked for.
        case refused
        /// An answer that makes no sense, or is larger than is taken.
        case malformed
    }

    /// What a caller can act on.
    public let code: Code
    /// What happened, at which socket, and what to do about it.
    public let message: String

    /// Makes an error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}

extension ContainerdError {
    /// What a failed call means.
    init(_ error: RPCError, asking what: String, at socket: FilePath) {
        let code: Code =
            switch error.code {
            case .notFound: .notFound
            case .alreadyExists: .alreadyThere
            case _ where error.message.contains("no space left on device"): .noSpace
            case .unavailable, .deadlineExceeded, .cancelled: .unreachable
            case .permissionDenied, .unauthenticated: .permission
            case .unimplemented: .notContainerd
            default: .refused
            }
        self.init(code, "containerd at \(socket) did not answer for \(what): \(error.message) (\(error.code))")
    }
}
