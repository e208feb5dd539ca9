import Content
import Discovery
import Logging
import OCI
import ServiceLifecycle
import Synchronization
import Transfer

/// Keeps the inventory in step with the store: what is held and may be offered is announced, what is gone is withdrawn.
final class Sharing: Service {
    /// How long after a failed try upstream is asked again whether an image is public.
    static let retry: Duration = .seconds(60)
    /// An answer is remembered for a day.
    static let rememberFor: Int64 = 86_400

    private let store: ImageLayout
    private let inventory: Inventory
    private let upstream: UpstreamClient
    private let policy: Mutex<SharePolicy>
    private let logger: Logger

    init(
        store: ImageLayout, inventory: Inventory, upstream: UpstreamClient, policy: SharePolicy, logger: Logger
    ) {
        self.store = store
        self.inventory = inventory
        self.upstream = upstream
        self.policy = Mutex(policy)
        self.logger = logger
    }

    /// Puts another policy in force, at once.
    func apply(_ new: SharePolicy) {
        policy.withLock { $0 = new }
        refresh()
    }

    func run() async throws {
        let changes = store.changes()
        let (checks, check) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        refresh()
        check.yield()
        await withDiscardingTaskGroup { group in
            // Asking upstream may take long; announcing must not wait for it.
            group.addTask {
                for await _ in checks { await self.check() }
            }
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: Self.retry)
                    check.yield()
                }
            }
            for await _ in changes.cancelOnGracefulShutdown() {
                refresh()
                check.yield()
            }
            group.cancelAll()
        }
    }

    private func refresh() {
        let offer = policy.withLock { $0 }.offer(
            images: store.images(), blobs: store.blobs(), children: { self.store.children(of: $0) })
        inventory.set(blobs: offer.blobs, references: offer.references)
    }

    /// Asks upstream, once per image, whether it would hand it to anybody: only where the answer decides something.
    private func check() async {
        guard !policy.withLock({ $0.hasKey }) else { return }
        let now = WallClock.now
        var asked: Set<String> = []
        for image in store.images() {
            guard let origin = image.origin, !Task.isCancelled else { continue }
            guard image.isPublic == nil || now - (image.checkedAt ?? 0) > Self.rememberFor else { continue }
            guard !upstream.isKnownUnreachable(origin.registry), asked.insert("\(origin)@\(image.digest)").inserted
            else {
                continue
            }
            do throws(UpstreamError) {
                let isPublic = try await upstream.isPublic(image.digest, at: origin)
                // Only the answer: the tag may have moved while upstream was asked.
                try? await store.record(isPublic: isPublic, of: image.digest, at: origin, checkedAt: now)
            } catch {
                logger.debug(
                    "upstream did not say whether an image is public",
                    metadata: ["image": "\(origin)", "reason": "\(error.message)"])
            }
        }
    }
}
