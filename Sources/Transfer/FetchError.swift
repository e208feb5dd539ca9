/// Why the bytes of a blob could not be had.
public struct FetchError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        /// Nobody who could be asked has the blob, or the last source that had it is gone.
        case notFound
        /// The spool's disk is full and making room did not help: the bytes can still be passed through.
        case noSpace
        /// The agent has as many downloads as it may have.
        case busy
        /// The bytes that came were not the blob's.
        case damaged
        /// A source broke off too often.
        case broken
        /// The agent is shutting down.
        case stopping
    }

    public var code: Code
    /// What happened, to which blob, and what was tried.
    public var message: String
    /// What became of the download, where there was one.
    public var record: DownloadRecord?

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
