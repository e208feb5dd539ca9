public import OCI

/// The story of one pull, as the journal keeps it: a line of JSON. Fields are only ever added.
///
/// Bounded: ``PullAccount/blobLimit`` blobs, and of each as many sources as a download keeps account of.
public struct JournalEntry: Codable, Sendable, Equatable {
    /// Payload bytes by where they came from.
    public struct Bytes: Codable, Sendable, Equatable {
        public var store: Int64
        public var peers: Int64
        public var upstream: Int64

        /// Makes the record of its parts.
        public init(store: Int64 = 0, peers: Int64 = 0, upstream: Int64 = 0) {
            self.store = store
            self.peers = peers
            self.upstream = upstream
        }

        var all: Int64 { store + peers + upstream }

        static func += (left: inout Bytes, right: Bytes) {
            left.store += right.store
            left.peers += right.peers
            left.upstream += right.upstream
        }
    }

    /// What went wrong at a source, and how often.
    public struct Failure: Codable, Sendable, Equatable {
        /// One of a few words: `refused`, `timed_out`, `reset`, `stalled`, `truncated`, `damaged`, `404`, `busy`, `denied`, `wrong_answer`,
        /// `gone`.
        public var reason: String
        public var count: Int
    }

    /// Who gave bytes of a blob, or was asked for them, or had them when others were asked.
    public struct Source: Codable, Sendable, Equatable {
        /// `peer`, `upstream` or `store`.
        public var kind: String
        /// The peer's id; nil for others.
        public var id: String?
        /// What the peer called itself then: a stranger's text.
        public var name: String?
        /// What came from it, duplicates included.
        public var bytes: Int64
        /// How many pieces of 4 MiB it finished.
        public var pieces: Int
        /// Bytes a second, from its first request to the end of its last.
        public var rate: Int64
        /// How often it was asked.
        public var requests: Int
        /// Whether it said that it had the whole blob.
        public var held: Bool
        public var failures: [Failure]
    }

    /// One blob, manifests included.
    public struct Blob: Codable, Sendable, Equatable {
        public var digest: Digest
        /// Nil where nobody said.
        public var size: Int64?
        /// From the first request for it to the last answer's end.
        public var seconds: Double
        /// Bytes a second, of those that went to whoever pulled.
        public var rate: Int64
        /// Where the bytes came from that went to whoever pulled.
        public var bytes: Bytes
        /// Those that gave the most first.
        public var sources: [Source]
        /// `whole`: its bytes hash to the digest; `chain`: piece by piece, as far as it went; `none`.
        public var verified: String
        /// `complete`, `partial` or `failed`.
        public var outcome: String
        /// Why it was not had, in words; nil where it was.
        public var failure: String?
    }

    /// Who wanted the image.
    public enum Way: String, Codable, Sendable {
        /// A runtime, through the mirror.
        case mirror
        /// `shoal pull`.
        case pull
    }

    /// 16 hexadecimal digits.
    public var id: String
    /// In full: `docker.io/library/nginx:latest`.
    public var image: String
    /// What the name meant; nil where that was never found out.
    public var digest: Digest?
    public var by: Way
    /// RFC 3339, by this node's clock.
    public var began: String
    public var seconds: Double
    public var bytes: Bytes
    /// In the order in which they were asked for.
    public var blobs: [Blob]
    /// `complete`: all that was asked for was given; `partial`, `failed`.
    public var outcome: String
    /// Why the pull as a whole failed, in words.
    public var failure: String?
}

/// The answer of `/api/v1/journal`.
public struct JournalSnapshot: Codable, Sendable, Equatable {
    public var schema = 1
    /// The newest first.
    public var pulls: [JournalEntry]

    /// Makes the record of its parts.
    public init(pulls: [JournalEntry]) {
        self.pulls = pulls
    }
}
