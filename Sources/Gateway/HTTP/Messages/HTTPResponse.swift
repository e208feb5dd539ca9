public import Content
public import NIOCore
public import NIOHTTP1

/// The bytes of a body that comes from somewhere else than a file, a chunk at a time.
public typealias HTTPBodyStream = any AsyncSequence<ByteBuffer, any Error> & Sendable

/// An answer: what a responder decides, and where the body's bytes come from.
///
/// The server adds `Content-Length` (or chunked framing), `Connection`, `Date` and `Server`, and leaves the body out for HEAD.
/// A `Content-Length` that the responder set itself counts where there is no body: that is how a HEAD tells a size that
/// nobody has opened a blob for.
public struct HTTPResponse: Sendable {
    public enum Body: Sendable {
        case none
        case bytes([UInt8])
        /// A range of a blob, sent as regions of its file.
        case blob(HTTPBlobBody)
        /// Bytes as they come; `length` nil where nobody knows it.
        case stream(HTTPBodyStream, length: Int64?)
    }

    public var status: HTTPResponseStatus
    public var headers: HTTPHeaders
    public var body: Body
    /// Told once, when the answer is over; what the closure holds is held until then.
    public var onEnd: (@Sendable (HTTPOutcome) -> Void)?
    /// How fast the body goes out: nil: as fast as the client takes it. A body of ``Body/bytes(_:)`` never waits, and is counted.
    public var pace: (any BodyPace)?

    /// Whether the connection ends with this answer.
    var closes = false

    public init(
        status: HTTPResponseStatus, headers: HTTPHeaders = [:], body: Body = .none,
        onEnd: (@Sendable (HTTPOutcome) -> Void)? = nil
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.onEnd = onEnd
    }
}

/// A range of a blob, pulled from its reader as the client takes it.
public struct HTTPBlobBody: Sendable {
    public var reader: any BlobReader
    public var range: Range<Int64>
    /// Asked when the reader fails: bytes for the rest of the range by another way, such as past a disk that is full;
    /// nil where that error cannot be helped. The body then ends short.
    public var continuation: (@Sendable (any Error, Range<Int64>) async throws -> HTTPBodyStream?)?

    public init(
        reader: any BlobReader, range: Range<Int64>,
        continuation: (@Sendable (any Error, Range<Int64>) async throws -> HTTPBodyStream?)? = nil
    ) {
        self.reader = reader
        self.range = range
        self.continuation = continuation
    }
}

/// How an answer ended.
public struct HTTPOutcome: Sendable {
    public enum End: Sendable {
        /// Every byte was handed to the kernel.
        case complete
        /// The client went away before; nobody's failure.
        case clientGone
        /// The body's source failed: the client got less than was promised.
        case broken(any Error)
    }

    public var end: End
    /// Status as sent; differs from the responder's where the body could not begin.
    public var status: HTTPResponseStatus
    /// Bytes of the body that went to the kernel, to within one region (``HTTPLimits/regionSize``).
    public var bytes: Int64
    /// From the request's arrival to the last byte.
    public var duration: Duration
}
