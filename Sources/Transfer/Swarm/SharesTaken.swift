import OCI
import Synchronization

/// Of which blobs this node takes shares from upstream for swarms now.
///
/// Nodes that pull an image share the registry's link: of its blobs each takes shares of some only at a time, or the streams of all would
/// starve each other.
final class SharesTaken: Sendable {
    static let atOnce = 1

    private let digests = Mutex<Set<Digest>>([])

    /// Whether as many other blobs' shares are taken as may be.
    func isCrowded(besides digest: Digest) -> Bool {
        digests.withLock { $0.count - ($0.contains(digest) ? 1 : 0) >= Self.atOnce }
    }

    func set(_ digest: Digest, takes: Bool) {
        digests.withLock { digests in
            if takes { digests.insert(digest) } else { digests.remove(digest) }
        }
    }
}
