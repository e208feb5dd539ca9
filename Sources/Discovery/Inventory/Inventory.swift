import Glibc
public import OCI
import Synchronization

/// What this node offers to others. Safe from any thread.
///
/// Every start of the node is a new epoch with an empty inventory at version 0; each `set` that changes something makes the
/// next version and is announced.
public final class Inventory: Sendable {
    private struct Guarded: Sendable {
        var state: InventoryState
        var listeners: [UInt64: AsyncStream<Void>.Continuation] = [:]
        var lastListener: UInt64 = 0
    }

    public let epoch: UInt64
    private let guarded: Mutex<Guarded>
    /// Seconds since 1970; only differences between two readings on this node are ever told to others.
    private let wallClock: @Sendable () -> Int64

    /// - Parameter epoch: of this start of the node, `NodeIdentity.epoch`.
    public convenience init(epoch: UInt64) {
        self.init(epoch: epoch, limits: InventoryLimits(), wallClock: { Int64(time(nil)) })
    }

    init(epoch: UInt64, limits: InventoryLimits, wallClock: @escaping @Sendable () -> Int64) {
        self.epoch = epoch
        self.wallClock = wallClock
        guarded = Mutex(Guarded(state: InventoryState(epoch: epoch, limits: limits)))
    }

    /// Makes this what the node offers: whole blobs, and tags. Differences to before become the next version.
    public func set(blobs: [InventoryEntry], references: [ReferenceOffer]) {
        let listeners = guarded.withLock { guarded in
            guarded.state.set(blobs: blobs, references: references) ? Array(guarded.listeners.values) : []
        }
        // Not under the lock: who cancels a listener holds its task meanwhile, and waits for the lock.
        for listener in listeners { listener.yield() }
    }

    public func contains(_ digest: Digest) -> Bool { size(of: digest) != nil }

    /// Bytes, or nil where the blob is not offered.
    public func size(of digest: Digest) -> Int64? {
        guarded.withLock { $0.state.blobs[digest]?.size }
    }

    /// What is said of a blob to others; nil where it is not offered.
    public func entry(of digest: Digest) -> InventoryEntry? {
        guarded.withLock { $0.state.entry(of: digest) }
    }

    /// What is offered for a tag, with its age now.
    public func reference(_ reference: ImageReference) -> ReferenceEntry? {
        guarded.withLock { $0.state.references[reference] }?.entry(at: wallClock())
    }

    /// A page for `GET /v1/inventory?epoch=&since=&next=`: a delta where the reader's epoch is this one and its version is
    /// remembered, else the inventory from its beginning, or from where `next` says. An unknown `next` begins anew.
    public func page(epoch: UInt64?, since: UInt64?, next: String? = nil) -> InventoryPage {
        let now = wallClock()
        return guarded.withLock { $0.state.page(epoch: epoch, since: since, next: next, now: now) }
    }

    public var version: UInt64 { guarded.withLock { $0.state.version } }

    /// Blobs offered.
    public var count: Int { guarded.withLock { $0.state.blobs.count } }

    /// Bytes of all blobs offered.
    public var totalBytes: Int64 { guarded.withLock { $0.state.totalBytes } }

    /// The version, and the blobs that came last in it, newest first.
    func newest(_ limit: Int) -> (version: UInt64, digests: [Digest]) {
        guarded.withLock { ($0.state.version, $0.state.newest(limit)) }
    }

    func announcement(since: UInt64, limit: Int) -> InventoryState.Announcement {
        guarded.withLock { $0.state.announcement(since: since, limit: limit) }
    }

    /// Tells of new versions. What happens while nobody looks is told once.
    func changes() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number = guarded.withLock { guarded in
            guarded.lastListener += 1
            guarded.listeners[guarded.lastListener] = continuation
            return guarded.lastListener
        }
        continuation.onTermination = { [weak self] _ in
            self?.guarded.withLock { _ = $0.listeners.removeValue(forKey: number) }
        }
        return stream
    }
}
