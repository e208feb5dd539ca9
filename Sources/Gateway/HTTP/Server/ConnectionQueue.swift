import NIOCore
import Synchronization

/// Hands accepted connections from event loops to the task that serves them.
///
/// Not an `AsyncStream`: cancellation must not lose a connection on the way, each has to be closed by its owner.
final class ConnectionQueue: Sendable {
    private struct State {
        var isClosed = false
        var waiting: [Connection] = []
        var consumer: CheckedContinuation<Connection?, Never>?
    }

    private let state = Mutex(State())

    /// Builds a connection and queues it.
    /// - Throws: where the queue is closed, or the connection cannot be built.
    func add(_ make: () throws -> Connection) throws {
        let (consumer, connection) = try state.withLock { state in
            guard !state.isClosed else { throw ChannelError.ioOnClosedChannel }
            let connection = try make()
            guard let consumer = state.consumer else {
                state.waiting.append(connection)
                return (nil as CheckedContinuation<Connection?, Never>?, connection)
            }
            state.consumer = nil
            return (consumer, connection)
        }
        consumer?.resume(returning: connection)
    }

    /// The next connection; nil when the queue is closed and empty. For one consumer.
    func next() async -> Connection? {
        await withCheckedContinuation { continuation in
            let ready: Connection?? = state.withLock { state in
                if !state.waiting.isEmpty { return .some(state.waiting.removeFirst()) }
                if state.isClosed { return .some(nil) }
                state.consumer = continuation
                return nil
            }
            if let ready { continuation.resume(returning: ready) }
        }
    }

    func close() {
        let consumer = state.withLock { state in
            state.isClosed = true
            defer { state.consumer = nil }
            return state.consumer
        }
        consumer?.resume(returning: nil)
    }
}
