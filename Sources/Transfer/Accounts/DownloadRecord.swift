public import OCI

/// What a download came to, source by source: a value for the journal, handed out while it runs and at its end.
public struct DownloadRecord: Sendable, Equatable {
    /// One who was asked, or who had the blob when others were.
    public struct Source: Sendable, Equatable {
        /// Nil: several peers that are not told apart any more.
        public var source: ByteSource?
        /// Payload bytes that came from it, duplicates included.
        public var bytes: Int64
        /// How many pieces of 4 MiB it finished.
        public var pieces: Int
        /// From the first request to the end of the last.
        public var seconds: Double
        public var requests: Int
        /// Whether it said that it had the whole blob when it was asked, or when others were.
        public var holds: Bool
        public var failures: [FailureReason: Int]

        init(_ source: ByteSource?) {
            self.source = source
            (bytes, pieces, seconds, requests, holds, failures) = (0, 0, 0, 0, false, [:])
        }
    }

    /// By what the bytes are known to be right.
    public enum Verification: String, Sendable, Codable {
        /// All of them hash to the digest.
        case whole
        /// Pieces are what the blob's hash chain, or the node that took them from upstream, says.
        case chain
        case none
    }

    public enum Outcome: String, Sendable, Codable {
        /// All is here and right.
        case complete
        /// Some is here.
        case partial
        /// Nothing is.
        case failed
    }

    public var digest: Digest
    /// Nil where no source ever said it.
    public var size: Int64?
    /// Tells one download of a blob from the next.
    public var began: ContinuousClock.Instant
    /// Until all was here and right; else until now.
    public var seconds: Double
    public var bytes: SourceBytes
    /// At most ``SourceAccounts/limit``; those that gave the most first.
    public var sources: [Source]
    public var verified: Verification
    public var outcome: Outcome
    /// Why the last request that failed did, in words; nil where all is well.
    public var failure: String?
    /// The request that it was begun for, as in the logs.
    public var requestID: String?
}

/// What there is to tell of downloads as they go.
public enum DownloadEvent: Sendable {
    case began(Digest, size: Int64?)
    case ended(DownloadRecord)
}
