import Content
import NIOPosix
import OCI
import ServiceLifecycle

/// Lets go of the hash chains of blobs that no store holds any more: once it is known what there is, and when that changes.
struct ChainRetention: Service, CustomStringConvertible {
    /// Between two looks. A blob that goes because it is damaged comes back soon, and its chain is as true as before.
    static let rest: Duration = .seconds(60)

    let chains: ChainStore
    let content: NodeContent

    var description: String { "ChainRetention" }

    func run() async throws {
        let changed = Signal()
        let changes = content.changes()
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask {
                    for await _ in changes { changed.raise() }
                }
                changed.raise()
                for await _ in changed.raised {
                    await self.prune()
                    try? await Task.sleep(for: Self.rest)
                }
            }
        }
    }

    /// Does nothing while containerd is away: what it holds is held, though nobody can tell what that is.
    func prune() async {
        guard NodeCatalog(content: content).isComplete else { return }
        _ = try? await NIOThreadPool.singleton.runIfActive { [chains, content] in
            // Asked once the names are listed: a chain is kept after its blob, so every chain that is listed has its blob in here.
            var held: Set<Digest>?
            return chains.prune { digest in
                let known = held ?? Self.held(content)
                held = known
                return known.contains(digest)
            }
        }
    }

    /// Blobs that are held back, or damaged and to be mended, are held too.
    private static func held(_ content: NodeContent) -> Set<Digest> {
        var held: Set<Digest> = []
        for store in content.provableStores {
            held.formUnion(store.provable().lazy.map(\.digest))
            held.formUnion(store.damaged().lazy.map(\.digest))
        }
        return held
    }
}
