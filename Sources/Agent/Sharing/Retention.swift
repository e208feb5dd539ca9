import Content
import Logging
import NIOPosix
import OCI
import ServiceLifecycle
import Transfer

/// Lets go of Shoal's copy of what the runtime keeps: `store.retain = "auto"`.
///
/// Decided from what both stores hold when one of them changes, and at the start; never because time has passed. A proven copy is not given up
/// for one that nobody has read: the runtime's is proven first.
final class Retention: Service {
    /// Changes that come together are looked at together.
    static let pace: Duration = .milliseconds(200)

    private let layout: ImageLayout
    private let runtime: ContainerdStore
    private let prover: BlobProver
    private let tags: TagMemory
    private let logger: Logger

    init(layout: ImageLayout, runtime: ContainerdStore, prover: BlobProver, tags: TagMemory, logger: Logger) {
        self.layout = layout
        self.runtime = runtime
        self.prover = prover
        self.tags = tags
        self.logger = logger
    }

    func run() async throws {
        let changed = Signal()
        let streams = [layout.changes(), runtime.changes()]
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for changes in streams {
                    group.addTask {
                        for await _ in changes { changed.raise() }
                    }
                }
                changed.raise()
                for await _ in changed.raised {
                    await self.sweep()
                    try? await Task.sleep(for: Self.pace)
                }
            }
        }
    }

    private var plan: RetentionPlan {
        RetentionPlan(
            isKept: { [layout, runtime] in
                runtime.size(of: $0) != nil && runtime.isKept($0) && !layout.isKept($0)
            },
            isHeld: { [layout] in layout.size(of: $0) != nil },
            children: { [layout] in layout.children(of: $0) },
            names: { [layout] in layout.images(of: $0).compactMap(\.reference) },
            meaning: { [runtime] in runtime.image(for: $0)?.digest })
    }

    private func sweep() async {
        let plan = plan
        var (count, bytes) = (0, Int64(0))
        for digest in plan.redundant(among: layout.blobs().map(\.digest)) where !Task.isCancelled {
            guard await isProven(digest), plan.mayGo(digest), let size = layout.size(of: digest) else { continue }
            for image in layout.images(of: digest) { tags.remember(image) }
            do {
                // A push may have come to rely on it while containerd's was proven.
                let went = try await NIOThreadPool.singleton.runIfActive { [layout] in
                    try layout.removeUnlessKept(digest)
                }
                guard went else { continue }
                (count, bytes) = (count + 1, bytes + size)
            } catch {
                logger.warning(
                    "a blob that containerd keeps too cannot be removed from the store",
                    metadata: ["digest": "\(digest)", "reason": "\(error)"])
            }
        }
        guard count > 0 else { return }
        logger.info(
            "containerd keeps these blobs; the store's copies are gone",
            metadata: ["blobs": "\(count)", "bytes": "\(bytes)"])
    }

    private func isProven(_ digest: Digest) async -> Bool {
        if runtime.isProven(digest) { return true }
        return await prover.prove(digest, in: runtime) == .intact
    }
}
