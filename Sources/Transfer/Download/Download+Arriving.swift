import Content
import Discovery
import OCI
import Synchronization

/// What peers may have of a blob while it arrives.
extension Download {
    /// What is here; nil while nothing is known of the blob.
    func report(since place: PieceLog.Place?) -> PieceReport? {
        state.withLock { $0.plan.report(since: place, now: .now) }
    }

    /// The pieces that can be had here.
    var offeredPieces: PieceSet? { state.withLock { $0.plan.offeredPieces } }

    func holders(of piece: Int) -> [NodeID] {
        state.withLock { $0.plan.swarm?.holders(of: piece) ?? [] }
    }

    /// Waits for the first byte of a range, if it is on its way.
    /// - Returns: nil where it is not, or did not come in time.
    func open(_ range: Range<Int64>, wait: Duration) async -> ArrivingReader? {
        guard let size, !range.isEmpty else { return nil }
        let end = await ready(range, wait: wait)
        return end == nil ? nil : ArrivingReader(download: self, size: size, range: range)
    }

    /// - Returns: up to where bytes from the range's beginning on may go out; nil where there is none in time.
    func ready(_ range: Range<Int64>, wait: Duration) async -> Int64? {
        if case .ready(let end) = state.withLock({ $0.plan.offer(range) }) { return end }
        guard wait > .zero else { return nil }
        return await withTaskGroup(of: Int64?.self) { group in
            group.addTask { await self.arrival(of: range) }
            group.addTask {
                try? await Task.sleep(for: wait)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }

    private func arrival(of range: Range<Int64>) async -> Int64? {
        while !Task.isCancelled {
            switch state.withLock({ $0.isClosed && $0.plan.phase != .verified ? .absent : $0.plan.offer(range) }) {
            case .ready(let end): return end
            case .absent: return nil
            case .coming: break
            }
            let id = state.withLock { state in
                defer { state.nextReader += 1 }
                return state.nextReader
            }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let waits = state.withLock { state in
                        guard !state.isClosed, state.plan.offer(range) == .coming else { return false }
                        state.peers[id] = PeerWaiter(range: range, continuation: continuation)
                        return true
                    }
                    if !waits { continuation.resume() }
                    // Cancelled before the waiter was there: the handler below has found nobody to wake.
                    if Task.isCancelled { wakePeer(id) }
                }
            } onCancel: {
                wakePeer(id)
            }
        }
        return nil
    }

    private func wakePeer(_ id: Int) {
        state.withLock { $0.peers.removeValue(forKey: id) }?.continuation.resume()
    }
}

/// A peer's reader of a range that is here, or streaming in.
final class ArrivingReader: BlobReader {
    /// How long a stream to a peer may stand still.
    static let patience: Duration = .seconds(15)

    private let download: Download
    private let range: Range<Int64>
    let size: Int64

    init(download: Download, size: Int64, range: Range<Int64>) {
        self.download = download
        self.size = size
        self.range = range
    }

    func next(at offset: Int64, limit: Int64) async throws -> FileSlice {
        guard offset < range.upperBound else {
            return FileSlice(file: download.spool.file, offset: offset, length: 0)
        }
        guard let end = await download.ready(offset..<range.upperBound, wait: Self.patience) else {
            throw ArrivalStopped("\(download.digest): the bytes from \(offset) on have stopped coming")
        }
        return FileSlice(file: download.spool.file, offset: offset, length: min(limit, end - offset))
    }

    func close() {}
}
