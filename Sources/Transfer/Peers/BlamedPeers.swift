public import Discovery
public import OCI
import Synchronization

/// Which peers are not asked for which blobs, because bytes that they sent were not what they should be, or may have been among such. One
/// table for all that this node fetches.
public final class BlamedPeers: Sendable {
    /// What a peer is blamed for.
    public struct Blame: Hashable, Sendable {
        public var peer: NodeID
        /// Of how many blobs.
        public var blobs: Int
        /// Of at least one it is certain: nobody else's bytes were among them.
        public var isConvicted: Bool
    }

    /// For so long a peer is left alone about a blob.
    public static let duration: Duration = .seconds(600)
    private static let limit = 4096

    private struct Key: Hashable {
        var peer: NodeID
        var digest: Digest
    }

    private struct Entry {
        var until: ContinuousClock.Instant
        var isConvicted: Bool
    }

    private let entries = Mutex<[Key: Entry]>([:])
    private let tell: @Sendable (NodeID, Digest, Bool) -> Void

    /// - Parameter tell: told each time that a peer is blamed: who, about which blob, and whether it is certain.
    public init(tell: @escaping @Sendable (NodeID, Digest, Bool) -> Void = { _, _, _ in }) {
        self.tell = tell
    }

    func contains(_ peer: NodeID, _ digest: Digest, now: ContinuousClock.Instant) -> Bool {
        entries.withLock { ($0[Key(peer: peer, digest: digest)]?.until ?? now) > now }
    }

    func insert(_ peer: NodeID, _ digest: Digest, isConvicted: Bool, now: ContinuousClock.Instant) {
        defer { tell(peer, digest, isConvicted) }
        let key = Key(peer: peer, digest: digest)
        entries.withLock { entries in
            if entries.count >= Self.limit { entries = entries.filter { $0.value.until > now } }
            guard entries.count < Self.limit || entries[key] != nil else { return }
            let wasConvicted = entries[key].map { $0.isConvicted && $0.until > now } ?? false
            entries[key] = Entry(until: now + Self.duration, isConvicted: isConvicted || wasConvicted)
        }
    }

    /// Who is blamed now, in the order of their ids.
    public var all: [Blame] {
        let now = ContinuousClock.now
        var blames: [NodeID: Blame] = [:]
        entries.withLock { entries in
            for (key, entry) in entries where entry.until > now {
                var blame = blames[key.peer] ?? Blame(peer: key.peer, blobs: 0, isConvicted: false)
                blame.blobs += 1
                blame.isConvicted = blame.isConvicted || entry.isConvicted
                blames[key.peer] = blame
            }
        }
        return blames.values.sorted { $0.peer < $1.peer }
    }
}
