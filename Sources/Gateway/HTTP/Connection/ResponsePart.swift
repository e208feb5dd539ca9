import NIOCore
import NIOHTTP1

/// What goes from the task that answers to the connection's handler.
enum ResponsePart: Sendable {
    case head(HTTPResponseHead)
    case bytes(ByteBuffer)
    /// A region of a file, and the lease that keeps the file open until the kernel has taken it.
    case file(FileRegion, FileLease)
    /// The answer is whole.
    case end(isKeepAlive: Bool)
    /// The answer's body cannot be finished: FIN where a byte should be.
    case abort
}

/// What goes from the connection's handler to the task that answers.
enum ConnectionEvent: Sendable {
    case request(HTTPRequest)
    case refusal(HTTPRefusal)
}
