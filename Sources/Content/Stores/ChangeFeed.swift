import Synchronization

/// Tells every subscriber of a store what changes.
final class ChangeFeed: Sendable {
    /// How many changes wait for a slow subscriber before the oldest are dropped.
    static let bufferSize = 1024

    private struct Subscribers {
        var next = 0
        var continuations: [Int: AsyncStream<StoreChange>.Continuation] = [:]
        var observers: [@Sendable (StoreChange) -> Void] = []
    }

    private let subscribers = Mutex(Subscribers())

    deinit {
        for continuation in subscribers.withLock({ $0.continuations.values }) { continuation.finish() }
    }

    /// A stream of the changes from now on; it is forgotten when its reader stops.
    func subscribe() -> AsyncStream<StoreChange> {
        let (stream, continuation) = AsyncStream<StoreChange>.makeStream(
            bufferingPolicy: .bufferingNewest(Self.bufferSize))
        let number = subscribers.withLock { subscribers in
            subscribers.next += 1
            subscribers.continuations[subscribers.next] = continuation
            return subscribers.next
        }
        continuation.onTermination = { [weak self] _ in
            self?.subscribers.withLock { $0.continuations[number] = nil }
        }
        return stream
    }

    /// Calls `observer` with every change from now on, before ``publish(_:)`` returns: for what must miss none. It is called
    /// with the publisher's locks held, and stays for as long as the feed.
    func observe(_ observer: @escaping @Sendable (StoreChange) -> Void) {
        subscribers.withLock { $0.observers.append(observer) }
    }

    /// Tells everybody. Callers decide on the order by the lock that they hold.
    func publish(_ change: StoreChange) {
        let (continuations, observers) = subscribers.withLock { (Array($0.continuations.values), $0.observers) }
        // Not under this lock: who cancels a subscriber holds its task meanwhile, and waits for the lock.
        for continuation in continuations { continuation.yield(change) }
        for observer in observers { observer(change) }
    }

    /// How many streams are being read.
    var count: Int { subscribers.withLock { $0.continuations.count } }
}
