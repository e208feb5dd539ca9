import Archive
import Gateway
import Logging
import OCI
import ServiceLifecycle
import Synchronization

/// Loads and saves archives for whoever asks over the admin socket.
final class ImageArchives: Service, Archiving {
    /// How many loads run at once: each writes as fast as the disk takes it.
    static let limit = 4

    private let images: any LocalImages
    private let logger: Logger
    private let running = Mutex(0)
    private let jobs: AsyncStream<LoadJob>
    private let newJob: AsyncStream<LoadJob>.Continuation

    /// - Parameter images: where they go to and come from.
    init(images: any LocalImages, logger: Logger) {
        self.images = images
        self.logger = logger
        (jobs, newJob) = AsyncStream.makeStream()
    }

    func load(_ query: LoadQuery, from body: any HTTPBodyReader) -> LoadStart {
        let isFree = running.withLock { running in
            guard running < Self.limit else { return false }
            running += 1
            return true
        }
        guard isFree else { return .busy }
        let (job, events) = LoadJob.make(query, body, images: images, logger: logger)
        newJob.yield(job)
        return .begun(events)
    }

    func save(_ names: [ImageReference]) async throws(SaveFailure) -> SavedArchive {
        do {
            var images: [ArchivableImage] = []
            for name in names {
                guard var image = try await self.images.image(name) else {
                    throw SaveFailure(.notFound, "nobody has \(name); 'shoal locate \(name)' shows who holds what")
                }
                image.names = [name]
                images.append(image)
            }
            let plan = try ArchivePlan(images)
            return SavedArchive(length: plan.length, body: ArchiveBody(plan: plan, images: self.images))
        } catch {
            throw SaveFailure(error)
        }
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
