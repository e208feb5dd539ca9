public import OCI
import Synchronization

/// How many answers with a blob's bytes may go out to peers at once. One more is answered 503, so that the asker tries another holder.
///
/// Of one blob's pieces fewer may go out at a time than in all: in a swarm a piece that reaches somebody soon is worth more than
/// many that trickle, because who has it gives it on.
public final class UploadSlots: Sendable {
    /// Transfers of one blob's pieces at a time.
    public static let piecesOfBlob = 4

    private struct State {
        var taken = 0
        /// Of pieces, by blob; no entry of 0 stays.
        var pieces: [Digest: Int] = [:]
        var refusals: Int64 = 0
    }

    /// In all.
    public let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: in all.
    public init(limit: Int) {
        self.limit = limit
    }

    public var inUse: Int { state.withLock { $0.taken } }

    /// How often there was none for whoever asked.
    public var refusals: Int64 { state.withLock { $0.refusals } }

    /// A slot for one upload; nil when all are taken.
    /// - Parameter digest: the blob whose pieces go out to a swarm; nil for any other upload.
    public func acquire(piecesOf digest: Digest? = nil) -> Slot? {
        let isFree = state.withLock { state in
            let pieces = digest.map { state.pieces[$0, default: 0] } ?? 0
            guard state.taken < limit, pieces < Self.piecesOfBlob else {
                state.refusals += 1
                return false
            }
            if let digest { state.pieces[digest] = pieces + 1 }
            state.taken += 1
            return true
        }
        return isFree ? Slot(self, digest) : nil
    }

    private func release(_ digest: Digest?) {
        state.withLock { state in
            state.taken -= 1
            guard let digest, let pieces = state.pieces[digest] else { return }
            state.pieces[digest] = pieces > 1 ? pieces - 1 : nil
        }
    }

    /// Held for as long as an upload goes on; free again when it is let go.
    public final class Slot: Sendable {
        private let slots: UploadSlots
        private let digest: Digest?

        fileprivate init(_ slots: UploadSlots, _ digest: Digest?) {
            self.slots = slots
            self.digest = digest
        }

        deinit { slots.release(digest) }
    }
}
