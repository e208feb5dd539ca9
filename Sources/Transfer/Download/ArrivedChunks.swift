import NIOCore
import Synchronization

/// What has come for a run and is to be written: who receives goes on while the disk has work, and what has come meanwhile is written
/// in one go, by the same thread for as long as there is something. For one that puts.
final class ArrivedChunks<End: Sendable>: Sendable {
    private struct State {
        var chunks: [ByteBuffer] = []
        /// The memory that they take, and those that are being written.
        var bytes = 0
        var taken = 0
        /// A thread is at it, or is to be.
        var isWriting = false
        /// Nothing more is written.
        var isLeft = false
        /// How it ended, where the last chunks were not wanted.
        var end: End?
        /// Waits for room.
        var putter: CheckedContinuation<Void, Never>?
        /// Waits for the last to be written.
        var finisher: CheckedContinuation<Void, Never>?

        var isFull: Bool { bytes + taken >= ArrivedChunks.capacity && !isLeft }
    }

    /// So much memory, and the last chunk's, is taken by what waits and what is being written.
    static var capacity: Int { 2 << 20 }
    /// A thread writes so many times before others may have it.
    private static var turns: Int { 8 }

    private let disk: WorkPool
    private let write: @Sendable ([ByteBuffer]) -> End?
    private let state = Mutex(State())

    /// - Parameter write: writes adjacent chunks, and says how all ends where no more are wanted. It may block.
    init(on disk: WorkPool, write: @escaping @Sendable ([ByteBuffer]) -> End?) {
        self.disk = disk
        self.write = write
    }

    /// Adds a chunk, and waits while there are too many.
    /// - Returns: whether more is wanted.
    func put(_ chunk: ByteBuffer) async -> Bool {
        let (isFirst, isFull) = state.withLock { state in
            guard !state.isLeft else { return (false, false) }
            state.chunks.append(chunk)
            state.bytes += chunk.storageCapacity
            defer { state.isWriting = true }
            return (!state.isWriting, state.isFull)
        }
        if isFirst { begin() }
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

    /// Waits until all that was put is written, or no more is.
    /// - Returns: how it ended; nil where all is written.
    func finish() async -> End? {
        await withCheckedContinuation { continuation in
            let isWriting = state.withLock { state in
                if state.isWriting { state.finisher = continuation }
                return state.isWriting
            }
            if !isWriting { continuation.resume() }
        }
        return state.withLock { $0.end }
    }

    private func begin() {
        disk.submit { [self] isActive in
            guard isActive else { return leave(nil) }
            for _ in 0..<Self.turns {
                guard let chunks = take() else { return }
                if let end = write(chunks) { return leave(end) }
            }
            begin()
        }
    }

    /// Takes all that is there. What was taken before is done with.
    private func take() -> [ByteBuffer]? {
        let (chunks, putter, finisher) = state.withLock { state in
            state.taken = state.bytes
            state.bytes = 0
            let chunks = state.chunks
            state.chunks = []
            state.isWriting = !chunks.isEmpty
            return (chunks, state.isFull ? nil : state.putter.take(), chunks.isEmpty ? state.finisher.take() : nil)
        }
        putter?.resume()
        finisher?.resume()
        return chunks.isEmpty ? nil : chunks
    }

    /// Nothing more is written: who puts need not go on.
    private func leave(_ end: End?) {
        let (putter, finisher) = state.withLock { state in
            state.isLeft = true
            state.end = end
            (state.chunks, state.bytes, state.taken, state.isWriting) = ([], 0, 0, false)
            return (state.putter.take(), state.finisher.take())
        }
        putter?.resume()
        finisher?.resume()
    }
}
