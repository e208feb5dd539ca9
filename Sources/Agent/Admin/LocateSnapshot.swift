public import OCI

/// Who holds an image or a blob: the answer of `/api/v1/locate`.
public struct LocateSnapshot: Codable, Sendable, Equatable {
    /// One blob (or manifest) of what was asked for.
    public struct Blob: Codable, Sendable, Equatable {
        public let digest: Digest
        /// The digest as a CID of IPFS; nil where it is no SHA-256, or the agent is too old to say.
        public let cid: ContentIdentifier?
        /// Nil where nobody has told it.
        public var size: Int64?
        /// Whether this node has the whole of it.
        public var here: Bool
        public var peers: [Holder]

        /// Makes the record of its parts.
        public init(digest: Digest, size: Int64?, here: Bool, peers: [Holder]) {
            self.digest = digest
            cid = ContentIdentifier(of: digest)
            self.size = size
            self.here = here
            self.peers = peers
        }
    }

    /// Another node that has some or all of a blob.
    public struct Holder: Codable, Sendable, Equatable {
        public var id: String
        public var name: String
        /// Whether it has the whole blob.
        public var complete: Bool

        /// Makes the record of its parts.
        public init(id: String, name: String, complete: Bool) {
            self.id = id
            self.name = name
            self.complete = complete
        }
    }

    /// Another node that holds any of it.
    public struct Node: Codable, Sendable, Equatable, Hashable {
        public var id: String
        public var name: String

        /// Makes the record of its parts.
        public init(id: String, name: String) {
            self.id = id
            self.name = name
        }
    }

    public var schema = 1
    /// What was asked for, normalised.
    public var query: String
    public var blobs: [Blob]
    /// Everyone else who holds any of it, by name.
    public private(set) var peers: [Node]

    /// The outer peers are those of the blobs.
    public init(query: LocateQuery, blobs: [Blob]) {
        self.query = query.description
        self.blobs = blobs
        let nodes = Set(blobs.flatMap(\.peers).map { Node(id: $0.id, name: $0.name) })
        peers = nodes.sorted { ($0.name, $0.id) < ($1.name, $1.id) }
    }

    /// Whether anybody has any of it, this node included.
    public var isHeldAnywhere: Bool { !peers.isEmpty || blobs.contains(where: \.here) }
}
