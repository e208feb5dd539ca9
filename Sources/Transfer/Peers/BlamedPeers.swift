public import Discovery
public import OCI
import Synchronization

/// Which peers are not asked for which blobs, because bytes that they sent were not what they should be, or may have been among such. One
/// table for all that this node fetches.
///
/// Who is convicted of two blobs is asked for nothing. Mere suspicion never goes so far: a liar can make others suspect.
public final class BlamedPeers: Sendable {
    /// What a peer is blamed for.
    public struct Blame: Hashable, Sendable {
        public var peer: NodeID
        /// Of how many blobs.
        public var blobs: Int
        /// How many pieces of them were found to be wrong, as far as they were looked at one by one.
        public var pieces: Int
        /// Of at least one it is certain: nobody else's bytes were among them.
        public var isConvicted: Bool
        /// It is asked for nothing at all.
        public var isShunned: Bool

        init(peer: NodeID, blobs: Int = 0, pieces: Int = 0, isConvicted: Bool = false, isShunned: Bool = false) {
            self.peer = peer
            self.blobs = blobs
            self.pieces = pieces
            self.isConvicted = isConvicted
            self.isShunned = isShunned
        }
    }

    /// A peer is blamed, as it is told to those who keep accounts.
    public struct Finding: Sendable {
        public var peer: NodeID
        public var digest: Digest
        /// The piece that was wrong; nil where only the whole blob was looked at.
        public var piece: Int?
        /// Whether it is certain.
        public var isConvicted: Bool

        /// Makes the record of its parts.
        public init(peer: NodeID, digest: Digest, piece: Int? = nil, isConvicted: Bool) {
            self.peer = peer
            self.digest = digest
            self.piece = piece
            self.isConvicted = isConvicted
        }
    }

    /// For so long a peer is left alone about a blob, or about all.
    public static let duration: Duration = .seconds(600)
    /// Convicted of so many blobs, a peer is asked for none.
    public static let convictions = 2
    private static let limit = 4096
    /// How many pieces of one blob are remembered.
    private static let pieceLimit = 64

    private struct Key: Hashable {
        var peer: NodeID
        var digest: Digest
    }

    private struct Entry {
        var until: ContinuousClock.Instant
        var isConvicted: Bool
        var pieces: Set<Int>
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var shunned: [NodeID: ContinuousClock.Instant] = [:]
    }

    private let state = Mutex(State())
    private let tell: @Sendable (Finding) -> Void

    /// - Parameter tell: told each time that a peer is blamed.
    public init(tell: @escaping @Sendable (Finding) -> Void = { _ in }) {
        self.tell = tell
    }

    func contains(_ peer: NodeID, _ digest: Digest, now: ContinuousClock.Instant) -> Bool {
        state.withLock { state in
            (state.shunned[peer] ?? now) > now || (state.entries[Key(peer: peer, digest: digest)]?.until ?? now) > now
        }
    }

    func insert(_ finding: Finding, now: ContinuousClock.Instant) {
        defer { tell(finding) }
        let key = Key(peer: finding.peer, digest: finding.digest)
        state.withLock { state in
            if state.entries.count >= Self.limit {
                state.entries = state.entries.filter { $0.value.until > now }
                state.shunned = state.shunned.filter { $0.value > now }
            }
            guard state.entries.count < Self.limit || state.entries[key] != nil else { return }
            let before = state.entries[key].flatMap { $0.until > now ? $0 : nil }
            var pieces = before?.pieces ?? []
            if let piece = finding.piece, pieces.count < Self.pieceLimit { pieces.insert(piece) }
            state.entries[key] = Entry(
                until: now + Self.duration, isConvicted: finding.isConvicted || before?.isConvicted ?? false,
                pieces: pieces)
            guard finding.isConvicted else { return }
            let convictions = state.entries.count {
                $0.key.peer == finding.peer && $0.value.isConvicted && $0.value.until > now
            }
            if convictions >= Self.convictions { state.shunned[finding.peer] = now + Self.duration }
        }
    }

    /// Who is blamed now, in the order of their ids.
    public var all: [Blame] { all(now: .now) }

    func all(now: ContinuousClock.Instant) -> [Blame] {
        var blames: [NodeID: Blame] = [:]
        state.withLock { state in
            for (key, entry) in state.entries where entry.until > now {
                var blame = blames[key.peer] ?? Blame(peer: key.peer)
                blame.blobs += 1
                blame.pieces += entry.pieces.count
                blame.isConvicted = blame.isConvicted || entry.isConvicted
                blame.isShunned = (state.shunned[key.peer] ?? now) > now
                blames[key.peer] = blame
            }
        }
        return blames.values.sorted { $0.peer < $1.peer }
    }
}
