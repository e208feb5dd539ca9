import Content
import Discovery
import OCI
import Synchronization

@testable import Gateway

/// A node to which one blob of 1,000 bytes is coming. What is here of it, and when, the test says.
final class ArrivingPeer: PeerBackend {
    static let digest = text("sha256:" + String(repeating: "d", count: 64), Digest.init)
    static let size: Int64 = 1000
    static let pieces = "0-3,7"

    private struct State {
        var reader: (any BlobReader)?
        var isOffered = false
        var freeSlots: Int
        var waiting: [AsyncStream<Void>.Continuation] = []
    }

    /// How long whoever begins to wait will wait.
    let waits = Signal<Duration>()
    /// Told when a wait ended because its task was cancelled.
    let cancelled = Signal<Void>()
    let others: [NodeID]
    private let state: Mutex<State>

    /// - Parameter reader: what is here from the start.
    init(_ reader: (any BlobReader)? = nil, slots: Int = 1, others: [NodeID] = []) {
        state = Mutex(State(reader: reader, freeSlots: slots))
        self.others = others
    }

    var free: Int { state.withLock { $0.freeSlots } }
    var waiting: Int { state.withLock { $0.waiting.count } }

    /// The first byte is here, and everybody who waits is told.
    func arrive(_ reader: any BlobReader) { tell { $0.reader = reader } }

    /// The blob is whole, and in a store.
    func becomeWhole() { tell { $0.isOffered = true } }

    /// Nothing will come.
    func giveUp() { tell { _ in } }

    private func tell(_ change: (inout State) -> Void) {
        let waiting = state.withLock { state in
            change(&state)
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.finish() }
    }

    func openArriving(_ digest: Digest, range: Range<Int64>, wait: Duration) async throws -> (any BlobReader)? {
        guard digest == Self.digest, range.lowerBound < Self.size else { return nil }
        if let reader = state.withLock({ $0.reader }) { return reader }
        guard wait > .zero else { return nil }
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        state.withLock { $0.waiting.append(continuation) }
        waits.send(wait)
        for await _ in stream {}
        guard !Task.isCancelled else {
            cancelled.send(())
            throw CancellationError()
        }
        return state.withLock { $0.reader }
    }

    func partialBlob(_ digest: Digest) -> PartialBlob? {
        digest == Self.digest ? PartialBlob(size: Self.size, pieces: Self.pieces) : nil
    }

    func offeredSize(of digest: Digest) -> Int64? { state.withLock { $0.isOffered } ? Self.size : nil }

    func openOffered(_ digest: Digest) async throws -> (any BlobReader)? { try WholeReader(Int(Self.size)) }

    func acquireUpload(of digest: Digest, to address: String, inSwarm: Bool) -> (any Sendable)? {
        state.withLock { state in
            guard state.freeSlots > 0 else { return nil }
            state.freeSlots -= 1
            return Slot(self)
        }
    }

    func uploaded(_ digest: Digest, bytes: Int64) {}
    func pieceReport(of digest: Digest, began: UInt64?, since: Int, asker: NodeID?) -> PieceReport? { nil }
    func otherHolders(of digest: Digest, piece: Int) -> [NodeID] { others }
    func chain(of digest: Digest) -> [UInt8]? { nil }

    func inventoryPage(epoch: UInt64?, since: UInt64?, next: String?) -> InventoryPage {
        InventoryPage(epoch: 1, version: 1, full: true, added: [])
    }

    func nodeDocument() -> NodeDocument {
        NodeDocument(
            identity: NodeIdentity(id: NodeID.random(), name: "stub", epoch: 1), version: 1, key: nil, port: 5051)
    }

    private final class Slot: Sendable {
        private let peer: ArrivingPeer

        init(_ peer: ArrivingPeer) { self.peer = peer }

        deinit { peer.state.withLock { $0.freeSlots += 1 } }
    }
}
