public import OCI

/// The story of an image's last pulls on this node, and what a pull would find now: the answer of `/api/v1/explain`.
public struct ExplainSnapshot: Codable, Sendable, Equatable {
    /// What would be asked of the registry for a blob that is wanted now.
    public enum Upstream: String, Codable, Sendable {
        /// The blob is here.
        case notNeeded = "not needed"
        /// Others have it.
        case ifPeersFail = "if peers fail"
        case wouldBeAsked = "would be asked"
        /// It could not be reached within the last 30 s.
        case unreachable
        /// There is none, or nobody said which.
        case unknown
    }

    /// A blob of the image, as a pull would find it now.
    public struct Blob: Codable, Sendable, Equatable {
        public var digest: Digest
        /// Nil where nobody has told it.
        public var size: Int64?
        public var here: Bool
        public var peers: [LocateSnapshot.Holder]
        public var upstream: Upstream

        init(_ blob: LocateSnapshot.Blob, fromUpstream: Upstream) {
            digest = blob.digest
            size = blob.size
            here = blob.here
            peers = blob.peers
            upstream = blob.here ? .notNeeded : blob.peers.isEmpty ? fromUpstream : .ifPeersFail
        }
    }

    public var schema = 1
    /// What was asked for, normalised.
    public var query: String
    /// The newest first.
    public var pulls: [JournalEntry]
    /// What is known of the image's blobs: those that its manifest names, or that its last pull asked for.
    public var now: [Blob]

    /// Whether there is anything to tell.
    public var isKnown: Bool { !pulls.isEmpty || now.contains { $0.here || !$0.peers.isEmpty } }

    init(query: String, pulls: [JournalEntry], now: [Blob]) {
        self.query = query
        self.pulls = pulls
        self.now = now
    }
}
