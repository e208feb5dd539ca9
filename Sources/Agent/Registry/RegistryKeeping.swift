import Content
import Logging
import Registry
import ServiceLifecycle

/// Keeps what was pushed from going, and lets go what nothing leads to.
///
/// Decided when a store or a name changes, and from time to time, because grace ends.
struct RegistryKeeping: Service {
    /// Changes that come together are looked at together.
    static let pace: Duration = .milliseconds(200)
    /// What others say is heard so often.
    static let hearing: Duration = .seconds(10)
    static let collecting: Duration = .seconds(600)

    let registry: LocalRegistry
    let content: NodeContent
    let logger: Logger

    func run() async throws {
        let changed = Signal()
        let (names, blobs) = (registry.names.changes(), content.changes())
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { for await _ in names { changed.raise() } }
                group.addTask { for await _ in blobs { changed.raise() } }
                group.addTask {
                    while (try? await Task.sleep(for: Self.hearing)) != nil { await registry.hearOthers() }
                }
                group.addTask {
                    while (try? await Task.sleep(for: Self.collecting)) != nil { await collect() }
                }
                changed.raise()
                for await _ in changed.raised {
                    registry.keep()
                    try? await Task.sleep(for: Self.pace)
                }
            }
        }
    }

    private func collect() async {
        do {
            let collection = try await registry.collect()
            guard !collection.blobs.isEmpty || collection.uploads > 0 else { return }
            logger.info(
                "what nothing refers to is gone",
                metadata: [
                    "blobs": "\(collection.blobs.count)", "bytes": "\(collection.bytes)",
                    "uploads": "\(collection.uploads)",
                ])
        } catch {
            logger.warning("what nothing refers to cannot be removed", metadata: ["reason": "\(error)"])
        }
    }
}
