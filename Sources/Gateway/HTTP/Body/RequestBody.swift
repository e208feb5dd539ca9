import NIOCore
import Synchronization

/// A request's body on its way from the event loop to the task that reads it.
///
/// What has arrived and nobody has read is bounded: the event loop stops reading from the socket above ``limit`` bytes, and is told when
/// there is room again.
final class RequestBody: HTTPBodyReader {
    /// Bytes that may wait; one read of the socket may go past it.
    static let limit = 1 << 20
    /// How much of a body that nobody wants is read to its end all the same, so that the connection can stay.
    private static let drained = 256 << 10
    private static let drainTime: Duration = .milliseconds(500)

    private struct State {
        var chunks = CircularBuffer<ByteBuffer>()
        var bytes = 0
        var isEnded = false
        var failure: HTTPRefusal?
        var isInvited = false
        /// The event loop waits for room.
        var isHeld = false
        var waiter: CheckedContinuation<Void, Never>?

        var isSettled: Bool { !chunks.isEmpty || isEnded || failure != nil }
    }

    private let state: Mutex<State>
    private let wantsMore: @Sendable () -> Void

    /// - Parameters:
    ///   - awaitsInvitation: whether the client waits for `100 Continue`.
    ///   - wantsMore: called from any thread: at the first read, and when there is room again after there was none.
    init(awaitsInvitation: Bool, wantsMore: @escaping @Sendable () -> Void) {
        state = Mutex(State(isInvited: !awaitsInvitation))
        self.wantsMore = wantsMore
    }

    // MARK: The task's side

    func next() async throws -> ByteBuffer? {
        invite()
        while true {
            try Task.checkCancellation()
            let (chunk, isOver, hasRoom) = try take()
            if hasRoom { wantsMore() }
            if let chunk { return chunk }
            if isOver { return nil }
            await wait()
        }
    }

    private func take() throws -> (chunk: ByteBuffer?, isOver: Bool, hasRoom: Bool) {
        try state.withLock { state in
            guard let chunk = state.chunks.popFirst() else {
                if let failure = state.failure { throw failure }
                return (nil, state.isEnded, false)
            }
            state.bytes -= chunk.readableBytes
            let hasRoom = state.isHeld && state.bytes < Self.limit / 2
            if hasRoom { state.isHeld = false }
            return (chunk, false, hasRoom)
        }
    }

    private func invite() {
        let isFirst = state.withLock { state in
            defer { state.isInvited = true }
            return !state.isInvited
        }
        if isFirst { wantsMore() }
    }

    private func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard !state.isSettled, !Task.isCancelled else { return true }
                    state.waiter = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            wake { _ in }
        }
    }

    /// Reads what is left of a body that the answer does not need, if that is little and comes soon.
    /// - Returns: whether the body is at its end, so that another request can follow it.
    func drain() async -> Bool {
        if state.withLock({ $0.isEnded && $0.chunks.isEmpty }) { return true }
        // The client waits for an answer, and will not send what it was not asked for.
        guard state.withLock({ $0.isInvited }) else { return false }
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                var count = 0
                while count <= Self.drained {
                    do {
                        guard let chunk = try await self.next() else { return true }
                        count += chunk.readableBytes
                    } catch {
                        return false
                    }
                }
                return false
            }
            group.addTask {
                try? await Task.sleep(for: Self.drainTime)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }

    // MARK: The event loop's side

    /// Whether the client may be told to send its body now.
    var isInvited: Bool { state.withLock { $0.isInvited } }

    /// Whether more may be read from the socket. If not, `wantsMore` is called later.
    var hasRoom: Bool {
        state.withLock { state in
            guard !state.isEnded, state.failure == nil else { return false }
            state.isHeld = state.bytes >= Self.limit
            return !state.isHeld
        }
    }

    /// Bytes that wait for the reader.
    var buffered: Int { state.withLock { $0.bytes } }

    var isOver: Bool { state.withLock { $0.isEnded || $0.failure != nil } }

    func append(_ chunk: ByteBuffer) {
        guard chunk.readableBytes > 0 else { return }
        wake { state in
            guard state.failure == nil else { return }
            state.chunks.append(chunk)
            state.bytes += chunk.readableBytes
        }
    }

    func end() { wake { $0.isEnded = true } }

    /// Nothing more will come. What has arrived can still be read.
    func fail(_ refusal: HTTPRefusal) {
        wake { state in
            if !state.isEnded, state.failure == nil { state.failure = refusal }
        }
    }

    private func wake(_ change: (inout State) -> Void) {
        let waiter = state.withLock { state in
            change(&state)
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
