import Synchronization

/// Lets the first of several callers do a piece of work, and the others have its result.
///
/// The work runs in the first caller's task. Where that is cancelled, one of the others does it again.
final class SingleFlight<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private typealias Waiter = CheckedContinuation<Result<Value, any Error>, Never>

    private let flights = Mutex<[Key: [Waiter]]>([:])

    func run(_ key: Key, _ work: () async throws -> Value) async throws -> Value {
        while true {
            let isFirst = flights.withLock { flights in
                guard flights[key] == nil else { return false }
                flights[key] = []
                return true
            }
            if isFirst {
                let result: Result<Value, any Error>
                do { result = .success(try await work()) } catch { result = .failure(error) }
                let waiters = flights.withLock { $0.removeValue(forKey: key) } ?? []
                for waiter in waiters { waiter.resume(returning: result) }
                return try result.get()
            }
            let joined: Result<Value, any Error> = await withCheckedContinuation { continuation in
                let isFlying = flights.withLock { $0[key]?.append(continuation) != nil }
                if !isFlying { continuation.resume(returning: .failure(CancellationError())) }
            }
            switch joined {
            case .success(let value): return value
            case .failure(is CancellationError): try Task.checkCancellation()
            case .failure(let error): throw error
            }
        }
    }
}
