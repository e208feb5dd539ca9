import Synchronization

/// What the task that answers has to know about its connection, told by the handler on the event loop.
///
/// One handler writes, one task waits, and neither holds the lock while it does anything else.
final class ConnectionLink: Sendable {
    enum Condition {
        /// The connection is gone.
        case closed
        /// All parts handed over are with the kernel, and the answer is over.
        case answered
        /// Few enough writes are waiting that one more may join them.
        case room
    }

    /// Regions or chunks that may wait for the kernel: one is being sent while the next is made ready.
    static let writesAhead = 2

    private struct State {
        var isClosed = false
        var isDraining = false
        var isAnswered = false
        var writesAhead = 0
        var bytes: Int64 = 0
        var waiters: [Int: (Condition, CheckedContinuation<Void, Never>)] = [:]
        var nextWaiter = 0

        func holds(_ condition: Condition) -> Bool {
            switch condition {
            case .closed: isClosed
            case .answered: isClosed || isAnswered
            case .room: isClosed || writesAhead < ConnectionLink.writesAhead
            }
        }
    }

    private let state = Mutex(State())

    var isClosed: Bool { state.withLock { $0.isClosed } }
    /// Whether the present answer's last byte went to the kernel.
    var isAnswered: Bool { state.withLock { $0.isAnswered } }
    var isDraining: Bool { state.withLock { $0.isDraining } }
    /// Bytes of the present answer's body that went to the kernel.
    var bytes: Int64 { state.withLock { $0.bytes } }

    // MARK: The task's side

    /// Waits until a condition holds. Returns early when the connection closes or the task is cancelled.
    func wait(for condition: Condition) async {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard !state.holds(condition), !Task.isCancelled else { return true }
                    state.waiters[id] = (condition, continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.1.resume()
        }
    }

    func answerBegins() {
        state.withLock { state in
            state.isAnswered = false
            state.writesAhead = 0
            state.bytes = 0
        }
    }

    func writeQueued() {
        state.withLock { $0.writesAhead += 1 }
    }

    // MARK: The handler's side

    func writeEnded(bytes: Int) {
        update { state in
            state.writesAhead -= 1
            state.bytes += Int64(bytes)
        }
    }

    func answerEnded() {
        update { $0.isAnswered = true }
    }

    func drains() {
        update { $0.isDraining = true }
    }

    func close() {
        update { $0.isClosed = true }
    }

    private func update(_ change: (inout State) -> Void) {
        let ready = state.withLock { state in
            change(&state)
            let ready = state.waiters.filter { state.holds($0.value.0) }
            for id in ready.keys { state.waiters[id] = nil }
            return ready.values.map(\.1)
        }
        for continuation in ready { continuation.resume() }
    }
}
