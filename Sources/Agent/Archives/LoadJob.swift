import Archive
import Gateway
import Logging
import NIOCore
import OCI
import Synchronization

/// One archive that somebody sends and watches being loaded. It ends when they do not any more. Its images are named at the end.
final class LoadJob: Sendable {
    private let query: LoadQuery
    private let body: any HTTPBodyReader
    private let images: any LocalImages
    private let logger: Logger
    private let bytes = Atomic<Int64>(0)
    private let began = ContinuousClock.now
    private let events: AsyncStream<LoadEvent>.Continuation
    /// Ends when nobody watches any more.
    private let watched: AsyncStream<Void>
    private let isUnwatched = Atomic(false)

    /// Whoever iterates the stream watches the job.
    static func make(
        _ query: LoadQuery, _ body: any HTTPBodyReader, images: any LocalImages, logger: Logger
    ) -> (LoadJob, AsyncStream<LoadEvent>) {
        // Unbounded, and yet bounded: a line for each name and one a second, to a client that is cut off when it has read nothing for
        // two minutes.
        let (stream, events) = AsyncStream<LoadEvent>.makeStream()
        let (watched, end) = AsyncStream<Void>.makeStream()
        events.onTermination = { _ in end.finish() }
        return (LoadJob(query, body, images, logger, events, watched), stream)
    }

    private init(
        _ query: LoadQuery, _ body: any HTTPBodyReader, _ images: any LocalImages, _ logger: Logger,
        _ events: AsyncStream<LoadEvent>.Continuation, _ watched: AsyncStream<Void>
    ) {
        self.query = query
        self.body = body
        self.images = images
        self.logger = logger
        self.events = events
        self.watched = watched
    }

    /// Loads, until all is done or nobody watches any more. ``end()`` is to follow.
    func run() async {
        await withTaskGroup { group in
            group.addTask {
                for await _ in self.watched {}
                if !Task.isCancelled { self.isUnwatched.store(true, ordering: .relaxed) }
            }
            group.addTask { await self.tellProgress() }
            group.addTask { await self.load() }
            // The first is the load, or the end of watching: the other tells for ever.
            await group.next()
            group.cancelAll()
        }
    }

    func end() { events.finish() }

    private func load() async {
        do {
            events.yield(.begin(LoadBeginning()))
            let summary = try await images.withSink { sink in try await self.load(into: sink) }
            events.yield(.progress(progress))
            events.yield(.end(summary))
            logger.info(
                "loaded an archive",
                metadata: [
                    "images": "\(summary.images)", "names": "\(summary.names)", "bytes": "\(summary.bytes)",
                    "seconds": "\(summary.seconds)",
                ])
        } catch {
            let failure =
                isUnwatched.load(ordering: .relaxed)
                ? Self.gone : LoadFailure(Task.isCancelled ? CancellationError() : error)
            events.yield(.error(failure))
            logger.notice("an archive was not loaded", metadata: ["reason": "\(failure.reason)"])
        }
    }

    private static let gone = LoadFailure(
        code: .broken, reason: "whoever sent the archive went away", mend: "load it again")

    private func load(into sink: any ArchiveSink) async throws -> LoadSummary {
        let contents = try await ImageArchiveReader(sink: sink).read {
            let chunk = try await self.body.next()
            self.bytes.add(Int64(chunk?.readableBytes ?? 0), ordering: .relaxed)
            return chunk
        }
        let names = try LoadNames(contents.images, name: query.name).named
        for named in names {
            try await images.name(named.reference, as: named.image.descriptor)
            events.yield(.image(LoadedImage(named)))
        }
        let progress = progress
        return LoadSummary(
            images: contents.images.count, names: names.count, bytes: progress.bytes, seconds: progress.seconds)
    }

    // MARK: How far

    private var progress: LoadProgress {
        let tenths = began.duration(to: .now) / .milliseconds(100)
        return LoadProgress(bytes: bytes.load(ordering: .relaxed), seconds: tenths.rounded() / 10)
    }

    /// Whoever watches sees that the agent is there.
    private func tellProgress() async {
        while (try? await Task.sleep(for: .seconds(1))) != nil { events.yield(.progress(progress)) }
    }
}

extension LoadedImage {
    init(_ named: LoadNames.Named) {
        let image = named.image
        self.init(
            name: named.reference.description, digest: image.descriptor.digest, mediaType: image.descriptor.mediaType,
            size: image.size, blobs: image.blobs.count, platforms: image.platforms.map(\.description))
    }
}
