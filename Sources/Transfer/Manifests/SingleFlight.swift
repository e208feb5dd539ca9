import Synchronization

/// Lets the first of several callers do a piece of work, and the others have its result.
///
/// The work runs in the first caller's task. Where that is cancelled, what came of it is nobody else's: one of the others does it again.
final class SingleFlight<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private typealias Waiter = CheckedContinuation<Result<Value, any Error>, Never>

    private struct State {
        var flights: [Key: [UInt64: Waiter]] = [:]
        var lastWaiter: UInt64 = 0
    }

    private let state = Mutex(State())

    /// - Throws: what the work throws; `CancellationError` as soon as the caller is cancelled, if it does not do the work itself.
    func run(_ key: Key, _ work: () async throws -> Value) async throws -> Value {
        while true {
            let isFirst = state.withLock { state in
                guard state.flights[key] == nil else { return false }
                state.flights[key] = [:]
                return true
            }
            if isFirst {
                let result: Result<Value, any Error>
                do { result = .success(try await work()) } catch { result = .failure(error) }
                let waiters = state.withLock { $0.flights.removeValue(forKey: key) } ?? [:]
                let told = Task.isCancelled ? .failure(CancellationError()) : result
                for waiter in waiters.values { waiter.resume(returning: told) }
                return try result.get()
            }
            switch await join(key) {
            case .success(let value): return value
            case .failure(is CancellationError): try Task.checkCancellation()
            case .failure(let error): throw error
            }
        }
    }

    private func join(_ key: Key) async -> Result<Value, any Error> {
        let number = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isFlying = state.withLock { state in
                    guard !Task.isCancelled, state.flights[key] != nil else { return false }
                    state.flights[key]?[number] = continuation
                    return true
                }
                if !isFlying { continuation.resume(returning: .failure(CancellationError())) }
            }
        } onCancel: {
            let waiter = state.withLock { $0.flights[key]?.removeValue(forKey: number) }
            waiter?.resume(returning: .failure(CancellationError()))
        }
    }
}
