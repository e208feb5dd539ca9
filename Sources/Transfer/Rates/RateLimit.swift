import Synchronization

/// A limit on the bytes that many transfers move in all, which they share: who asks first is served first, a small portion at a time.
///
/// Smooth: at most 50 ms' worth, or 64 KiB, pass at once.
public final class RateLimit: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// How long who is first in the queue sleeps before looking whether the rate is still the same.
    private static let patience: Duration = .milliseconds(250)

    private struct State {
        var queue: RateQueue
        var nextID: UInt64 = 0
        var sleepers: [UInt64: CheckedContinuation<Void, Never>] = [:]
    }

    /// Bytes in a second; 0 where there is no limit: then nobody gets as far as the lock.
    private let rate: Atomic<Int64>
    private let state: Mutex<State>

    /// - Parameter bytesPerSecond: more than none; nil: no limit.
    public init(bytesPerSecond: Int64?) {
        let bytesPerSecond = bytesPerSecond.map { max($0, 1) }
        rate = Atomic(bytesPerSecond ?? 0)
        state = Mutex(State(queue: RateQueue(rate: bytesPerSecond, now: .now)))
    }

    /// No limit; one of its own each time.
    public static var none: RateLimit { RateLimit(bytesPerSecond: nil) }

    /// Sets another rate, which counts at once for everybody but who is next, and for them within a quarter of a second.
    public func change(bytesPerSecond: Int64?) {
        let bytesPerSecond = bytesPerSecond.map { max($0, 1) }
        state.withLock { state in
            rate.store(bytesPerSecond ?? 0, ordering: .relaxed)
            state.queue.change(rate: bytesPerSecond, now: .now)
        }
    }

    /// How many bytes to ask for at a time where they can be parted; nil where there is no limit. The more wait, the fewer: who waits
    /// for its turn is silent meanwhile, and who is silent for long is taken for dead.
    public var portion: Int64? {
        let rate = rate.load(ordering: .relaxed)
        return rate == 0 ? nil : TokenBucket.portion(at: rate, among: waiting + 1)
    }

    /// Waits until so many more bytes may pass; at once where there is no limit.
    ///
    /// More than a ``portion`` is waited for in portions, between those of others.
    /// - Throws: `CancellationError`; what has been waited for by then counts as passed.
    public func take(_ count: Int) async throws {
        var left = Int64(count)
        while left > 0, let portion {
            let now = min(left, portion)
            try await wait(for: now)
            left -= now
        }
    }

    /// Counts bytes that cannot wait, such as short answers: others wait for them instead.
    public func charge(_ count: Int) {
        guard rate.load(ordering: .relaxed) != 0 else { return }
        state.withLock { $0.queue.charge(Int64(count), now: .now) }
    }

    /// How many wait.
    var waiting: Int { state.withLock { $0.queue.count } }

    private func wait(for count: Int64) async throws {
        var (id, turn) = state.withLock { state in
            state.nextID += 1
            return (state.nextID, state.queue.enter(state.nextID, count, now: .now))
        }
        // Whoever leaves, one way or the other, lets the next one look.
        defer { wakeNext(after: id) }
        while true {
            switch turn {
            case .pass: return
            case .look(let due): try await Task.sleep(until: min(due, .now + Self.patience), clock: .continuous)
            case .wait: try await sleep(id)
            }
            turn = state.withLock { $0.queue.look(id, now: .now) }
        }
    }

    /// Waits until this one is first in the queue.
    private func sleep(_ id: UInt64) async throws {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard state.queue.first != id, !Task.isCancelled else { return true }
                    state.sleepers[id] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: id) }?.resume()
        }
        try Task.checkCancellation()
    }

    private func wakeNext(after id: UInt64) {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.queue.leave(id)
            return state.queue.first.flatMap { state.sleepers.removeValue(forKey: $0) }
        }
        next?.resume()
    }
}
