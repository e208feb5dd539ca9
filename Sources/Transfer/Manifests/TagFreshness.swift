import OCI

/// Whose word about a tag is asked first.
public enum TagPolicy: String, Sendable, CaseIterable {
    /// Upstream, and what is known on the LAN only when upstream cannot be reached.
    case upstreamFirst = "upstream-first"
    /// What is known on this node and the LAN, and upstream only when nothing is.
    case peersFirst = "peers-first"
}

/// What a tag was last known to mean, by this node or by a peer whose word counts.
struct TagMeaning: Equatable, Sendable {
    var digest: Digest
    var mediaType: MediaType
    /// Seconds since upstream said so.
    var age: UInt64
    var isOwn: Bool

    /// The newest of several; this node's own word among equals.
    static func newest(_ meanings: [TagMeaning]) -> TagMeaning? {
        meanings.min { ($0.age, $0.isOwn ? 0 : 1, $0.digest) < ($1.age, $1.isOwn ? 0 : 1, $1.digest) }
    }
}
