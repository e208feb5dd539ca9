/// A run of bytes to be led through SHA-256 from a state that is known: a piece of a blob, or a whole one.
public struct LaneJob {
    /// Fills a buffer with the bytes from an offset of the run on.
    public typealias Reader = (_ offset: Int64, _ buffer: UnsafeMutableRawBufferPointer) throws -> Void

    /// The state before its first byte.
    public var start: SHA256State
    /// Bytes; a multiple of 64 unless it is the end of its message.
    public var length: Int64
    /// Where the run ends its message: the length of the whole message, which the padding tells. Nil: the message goes on.
    public var messageLength: Int64?
    /// Where the state is to be remembered on the way, in bytes: a multiple of ``LaneHasher/chunk``.
    public var stride: Int64?
    /// Where the bytes come from. What it throws ends this job, not the others.
    public var read: Reader

    /// A run that begins at `start`.
    public init(
        from start: SHA256State, length: Int64, messageLength: Int64? = nil, stride: Int64? = nil,
        read: @escaping Reader
    ) {
        precondition(length >= 0 && (messageLength != nil || length % 64 == 0), "a run in mid-message has whole blocks")
        precondition(stride.map { $0 > 0 && $0 % Int64(LaneHasher.chunk) == 0 } ?? true, "strides are whole chunks")
        self.start = start
        self.length = length
        self.messageLength = messageLength
        self.stride = stride
        self.read = read
    }

    /// What became of it.
    public struct Outcome {
        /// The state after the last byte; where the message ends, after its padding: the digest.
        public var end: SHA256State
        /// The states after every `stride` bytes that are followed by another byte.
        public var passed: [SHA256State]
    }
}
