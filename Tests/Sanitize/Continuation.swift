/// In place of Swift's own, of which the thread sanitizer does not see that what comes with it has been handed over where it is
/// resumed before it is awaited. This one does so under a lock, too. A part of each module that deploy/sanitize compiles.
struct CheckedContinuation<Value: Sendable, Failure: Error>: Sendable {
    fileprivate let inner: _Concurrency.CheckedContinuation<Value, Failure>
    fileprivate let handover: Handover

    func resume(returning value: Value) {
        handover.lock.withLock { _ in }
        inner.resume(returning: value)
    }
}

extension CheckedContinuation where Value == Void {
    func resume() { resume(returning: ()) }
}

private final class Handover: Sendable {
    let lock = Mutex(())
}

func withCheckedContinuation<Value: Sendable>(
    isolation: isolated (any Actor)? = #isolation, _ body: (CheckedContinuation<Value, Never>) -> Void
) async -> Value {
    let handover = Handover()
    let value = await _Concurrency.withCheckedContinuation { body(CheckedContinuation(inner: $0, handover: handover)) }
    handover.lock.withLock { _ in }
    return value
}
