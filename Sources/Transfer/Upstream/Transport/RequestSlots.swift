import OCI
import Synchronization

/// Who may ask a registry now: so many at once, the others in the order in which they came; who has waited long may go beyond that.
///
/// The HTTP client, which has as many connections as may go beyond, would let a request wait for one for 2 s only, and what it says then can
/// be taken for the registry's absence.
final class RequestSlots: Sendable {
    typealias Purpose = UpstreamTransport.Purpose

    private struct Line: Hashable {
        var registry: RegistryName
        var purpose: Purpose
    }

    private struct Waiter {
        var id: UInt64
        var continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var nextID: UInt64 = 0
        /// No entry of 0 stays.
        var taken: [Line: Int] = [:]
        /// In their order; nobody waits while a slot is free, and no empty list stays.
        var waiting: [Line: [Waiter]] = [:]
    }

    /// How many times as many may be asking when those who waited long are among them.
    static let most = 8

    private let limits: [Purpose: Int]
    private let state = Mutex(State())

    /// - Parameter limits: how many may ask one registry at once.
    init(limits: [Purpose: Int]) { self.limits = limits }

    /// Waits for a slot, for as long as it takes.
    /// - Returns: nil where the task was cancelled meanwhile.
    func acquire(_ registry: RegistryName, _ purpose: Purpose) async -> Slot? {
        let line = Line(registry: registry, purpose: purpose)
        let limit = limits[purpose] ?? 1
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let isTaken = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
                let result: Bool? = state.withLock { state in
                    if Task.isCancelled { return false }
                    if state.taken[line, default: 0] < limit {
                        state.taken[line, default: 0] += 1
                        return true
                    }
                    state.waiting[line, default: []].append(Waiter(id: id, continuation: continuation))
                    return nil
                }
                if let result { continuation.resume(returning: result) }
            }
        } onCancel: {
            leave(id, line)?.resume(returning: false)
        }
        return isTaken ? Slot { [self] in release(line) } : nil
    }

    /// A slot beyond the limit, for who has waited long: others may have a thin line full for an hour.
    /// - Returns: nil where too many have one.
    func acquireBeyond(_ registry: RegistryName, _ purpose: Purpose) -> Slot? {
        let line = Line(registry: registry, purpose: purpose)
        let most = Self.most * (limits[purpose] ?? 1)
        let isTaken = state.withLock { state in
            guard state.taken[line, default: 0] < most else { return false }
            state.taken[line, default: 0] += 1
            return true
        }
        return isTaken ? Slot { [self] in release(line) } : nil
    }

    /// How many wait for this registry.
    func waiting(_ registry: RegistryName, _ purpose: Purpose) -> Int {
        state.withLock { $0.waiting[Line(registry: registry, purpose: purpose)]?.count ?? 0 }
    }

    private func leave(_ id: UInt64, _ line: Line) -> CheckedContinuation<Bool, Never>? {
        state.withLock { state in
            guard var waiters = state.waiting[line], let index = waiters.firstIndex(where: { $0.id == id })
            else { return nil }
            let waiter = waiters.remove(at: index)
            state.waiting[line] = waiters.isEmpty ? nil : waiters
            return waiter.continuation
        }
    }

    /// Gives the slot to who has waited longest, if anybody does and it was not one beyond the limit.
    private func release(_ line: Line) {
        let limit = limits[line.purpose] ?? 1
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            if state.taken[line, default: 0] <= limit, var waiters = state.waiting[line], !waiters.isEmpty {
                let first = waiters.removeFirst()
                state.waiting[line] = waiters.isEmpty ? nil : waiters
                return first.continuation
            }
            let left = state.taken[line, default: 1] - 1
            state.taken[line] = left > 0 ? left : nil
            return nil
        }
        next?.resume(returning: true)
    }

    /// Held while a request and its answer's body go on; free again when it is let go, or before.
    final class Slot: Sendable {
        private let isReleased = Atomic(false)
        private let giveBack: @Sendable () -> Void

        fileprivate init(giveBack: @escaping @Sendable () -> Void) { self.giveBack = giveBack }

        /// The rest of whoever holds it needs no connection.
        func release() {
            if !isReleased.exchange(true, ordering: .acquiringAndReleasing) { giveBack() }
        }

        deinit { release() }
    }
}
