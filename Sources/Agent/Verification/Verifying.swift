/// Who reads blobs again when told to.
public protocol Verifying: Sendable {
    /// Begins to read; the reading ends when the stream is dropped.
    func verify(_ query: VerifyQuery) async -> VerifyStart
}

/// What became of a wish to verify.
public enum VerifyStart: Sendable {
    case begun(AsyncStream<VerifyEvent>)
    /// One at a time: the disk would not become faster.
    case busy
    /// There is nothing of what was named here.
    case notHeld
}
