import Content
import Discovery
import OCI
import ServiceLifecycle
import Synchronization
import Transfer

/// Brings images to this node for whoever asks over the admin socket.
final class ImagePuller: Service, Pulling {
    /// How many pulls run at once: each takes several layers at a time.
    static let limit = 4

    /// What a pull needs of the agent.
    struct Parts: Sendable {
        var content: NodeContent
        var fetcher: BlobFetcher
        var resolver: ManifestResolver
        var directory: Directory
        /// Nil where containerd is not to be used.
        var containerd: ContainerdSettings?
        /// Tells of each pull that is over.
        var pulls: PullLog
    }

    private let parts: Parts
    private let running = Mutex(0)
    private let jobs: AsyncStream<PullJob>
    private let newJob: AsyncStream<PullJob>.Continuation

    init(_ parts: Parts) {
        self.parts = parts
        (jobs, newJob) = AsyncStream.makeStream()
    }

    func pull(_ query: PullQuery) -> PullStart {
        let isFree = running.withLock { running in
            guard running < Self.limit else { return false }
            running += 1
            return true
        }
        guard isFree else { return .busy }
        let (job, events) = PullJob.make(query, parts)
        newJob.yield(job)
        return .begun(events)
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for await job in self.jobs {
                    group.addTask {
                        await job.run()
                        // Whoever has read the last line may ask again.
                        self.running.withLock { $0 -= 1 }
                        job.end()
                    }
                }
            }
        }
        newJob.finish()
    }
}
