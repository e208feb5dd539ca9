import NIOCore
import Synchronization

/// What has come for a run and is to be written: who receives goes on while the disk has work, and what has come meanwhile is written
/// in one go. For one that puts and one that takes.
final class ArrivedChunks: Sendable {
    private struct State {
        var chunks: [ByteBuffer] = []
        /// The memory that they take, and those that were taken last.
        var bytes = 0
        var taken = 0
        /// Nothing more comes.
        var isOver = false
        /// Nobody takes any more.
        var isLeft = false
        var putter: CheckedContinuation<Void, Never>?
        var taker: CheckedContinuation<Void, Never>?

        var isFull: Bool { bytes + taken >= ArrivedChunks.capacity && !isLeft }
    }

    /// So much memory, and the last chunk's, is taken by what waits and what is being written.
    static let capacity = 1 << 20

    private let state = Mutex(State())

    /// Adds a chunk, and waits while there are too many.
    /// - Returns: whether more is wanted.
    func put(_ chunk: ByteBuffer) async -> Bool {
        let (taker, isFull) = state.withLock { state -> (CheckedContinuation<Void, Never>?, Bool) in
            guard !state.isLeft else { return (nil, false) }
            state.chunks.append(chunk)
            state.bytes += chunk.storageCapacity
            defer { state.taker = nil }
            return (state.taker, state.isFull)
        }
        taker?.resume()
        if isFull {
            await withCheckedContinuation { continuation in
                let isFull = state.withLock { state in
                    if state.isFull { state.putter = continuation }
                    return state.isFull
                }
                if !isFull { continuation.resume() }
            }
        }
        return state.withLock { !$0.isLeft }
    }

    /// Nothing more comes. What is there can still be taken.
    func finish() {
        state.withLock { state in
            state.isOver = true
            defer { state.taker = nil }
            return state.taker
        }?.resume()
    }

    /// Takes all that is there, and waits until there is something. What was taken before is done with.
    /// - Returns: nil when nothing more comes.
    func take() async -> [ByteBuffer]? {
        let putter = state.withLock { state in
            state.taken = 0
            return state.isFull ? nil : state.putter.take()
        }
        putter?.resume()
        await withCheckedContinuation { continuation in
            let waits = state.withLock { state in
                guard state.chunks.isEmpty, !state.isOver else { return false }
                state.taker = continuation
                return true
            }
            if !waits { continuation.resume() }
        }
        return state.withLock { state in
            guard !state.chunks.isEmpty else { return nil }
            defer { (state.chunks, state.bytes, state.taken) = ([], 0, state.bytes) }
            return state.chunks
        }
    }

    /// Nobody takes any more: who puts need not go on.
    func leave() {
        state.withLock { state in
            state.isLeft = true
            state.chunks = []
            defer { state.putter = nil }
            return state.putter
        }?.resume()
    }
}
