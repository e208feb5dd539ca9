public import OCI
import Synchronization

/// How many answers with a blob's bytes may go out to peers at once. One more is answered 503, so that the asker tries another holder.
///
/// Of one blob's pieces fewer may go out at a time than in all: in a swarm a piece that reaches somebody soon is worth more than
/// many that trickle, because who has it gives it on. And one address gets half of the slots at most: who takes its bytes slowly keeps
/// its own slots busy, and not those of everybody else.
public final class UploadSlots: Sendable {
    /// Transfers of one blob's pieces at a time.
    public static let piecesOfBlob = 4

    private struct State {
        var taken = 0
        /// Of pieces, by blob; no entry of 0 stays.
        var pieces: [Digest: Int] = [:]
        /// By address; no entry of 0 stays.
        var ofAddress: [String: Int] = [:]
        var refusals: Int64 = 0
    }

    /// In all.
    public let limit: Int
    /// Of one address.
    let limitOfAddress: Int
    private let state = Mutex(State())

    /// - Parameter limit: in all.
    public init(limit: Int) {
        self.limit = limit
        limitOfAddress = max(1, limit / 2)
    }

    public var inUse: Int { state.withLock { $0.taken } }

    /// How often there was none for whoever asked.
    public var refusals: Int64 { state.withLock { $0.refusals } }

    /// A slot for one upload; nil when all are taken.
    /// - Parameters:
    ///   - digest: the blob whose pieces go out to a swarm; nil for any other upload.
    ///   - address: an IP address, to which it goes.
    public func acquire(piecesOf digest: Digest? = nil, to address: String) -> Slot? {
        let isFree = state.withLock { state in
            let pieces = digest.map { state.pieces[$0, default: 0] } ?? 0
            let ofAddress = state.ofAddress[address, default: 0]
            guard state.taken < limit, pieces < Self.piecesOfBlob, ofAddress < limitOfAddress else {
                state.refusals += 1
                return false
            }
            if let digest { state.pieces[digest] = pieces + 1 }
            state.ofAddress[address] = ofAddress + 1
            state.taken += 1
            return true
        }
        return isFree ? Slot(self, digest, address) : nil
    }

    private func release(_ digest: Digest?, _ address: String) {
        state.withLock { state in
            state.taken -= 1
            state.ofAddress[address] = state.ofAddress[address].flatMap { $0 > 1 ? $0 - 1 : nil }
            guard let digest else { return }
            state.pieces[digest] = state.pieces[digest].flatMap { $0 > 1 ? $0 - 1 : nil }
        }
    }

    /// Held for as long as an upload goes on; free again when it is let go.
    public final class Slot: Sendable {
        private let slots: UploadSlots
        private let digest: Digest?
        private let address: String

        fileprivate init(_ slots: UploadSlots, _ digest: Digest?, _ address: String) {
            self.slots = slots
            self.digest = digest
            self.address = address
        }

        deinit { slots.release(digest, address) }
    }
}
