import Containerd
import Content
import Discovery
import OCI
import Synchronization
import SystemPackage
import Transfer

/// One pull that somebody asked for and watches. It ends when they do not any more; what came stays in Shoal's store and spool.
final class PullJob: Sendable {
    /// The least time between two lines about one blob, and between two about all.
    private static let tick: Duration = .milliseconds(200)
    /// If nobody deletes it, a lease ends after a day.
    private static let leaseTime: Int64 = 86_400

    let query: PullQuery
    let parts: ImagePuller.Parts
    let tally = Mutex(PullTally(now: .now))
    /// What is kept of it.
    let story: Mutex<PullAccount>
    private let events: AsyncStream<PullEvent>.Continuation
    /// Ends when nobody watches any more.
    private let watched: AsyncStream<Void>

    /// Whoever iterates the stream watches the job.
    static func make(_ query: PullQuery, _ parts: ImagePuller.Parts) -> (PullJob, AsyncStream<PullEvent>) {
        // Unbounded, and yet bounded: a few lines a blob and a few a second, to a client that is cut off when it has read nothing for
        // two minutes.
        let (stream, events) = AsyncStream<PullEvent>.makeStream()
        let (watched, end) = AsyncStream<Void>.makeStream()
        events.onTermination = { _ in end.finish() }
        return (PullJob(query, parts, events, watched), stream)
    }

    private init(
        _ query: PullQuery, _ parts: ImagePuller.Parts, _ events: AsyncStream<PullEvent>.Continuation,
        _ watched: AsyncStream<Void>
    ) {
        self.query = query
        self.parts = parts
        story = Mutex(PullAccount(query.image.description, by: .pull, now: .now))
        self.events = events
        self.watched = watched
    }

    /// Which of the images behind the name.
    var platforms: PullQuery.Platforms { query.platforms ?? .one(.current) }

    /// Pulls, until all is there or nobody watches any more. ``end()`` is to follow.
    func run() async {
        await withTaskGroup { group in
            group.addTask { for await _ in self.watched {} }
            group.addTask { await self.tellProgress() }
            group.addTask {
                await RequestTrace.$id.withValue("pull-\(self.story.withLock { $0.id })") { await self.pull() }
            }
            // The first is the pull, or the end of watching: the other tells for ever.
            await group.next()
            group.cancelAll()
        }
    }

    func end() { events.finish() }

    func tell(_ event: PullEvent) { events.yield(event) }

    private func pull() async {
        do {
            let summary = try await work()
            tellWhereItIs()
            keepStory(nil)
            tell(.end(summary))
        } catch {
            let failure = PullFailure(Task.isCancelled ? CancellationError() : error, pulling: query.image)
            keepStory(failure)
            tell(.error(failure))
        }
    }

    private func keepStory(_ failure: PullFailure?) {
        parts.pulls.ended(
            story.withLock { story in
                story.failure = failure?.reason
                story.ended(now: .now)
                return story
            })
    }

    // MARK: Where to

    private func work() async throws -> PullSummary {
        let (survey, note) = try await surveyed()
        let target = try PullTarget(query, survey: survey, configured: parts.containerd?.namespaces ?? [])
        tell(
            .begin(
                PullBeginning(
                    image: query.image.description, platform: platforms.description,
                    into: target.runtime == nil ? .store : .containerd, namespace: target.runtime?.namespace,
                    socket: target.runtime?.socket.string, snapshotter: target.runtime?.snapshotter,
                    note: target.note ?? note)))
        guard let runtime = target.runtime else {
            return try await bring(to: StoreSink(content: parts.content, fetcher: parts.fetcher), unpacks: false)
        }
        return try await ContainerdClient.withConnection(to: runtime.socket) { client in
            try await self.withLease(of: client, runtime) { lease in
                try await self.bring(
                    to: RuntimeSink(client: client, lease: lease, target: runtime, image: self.query.image),
                    unpacks: runtime.snapshotter != nil)
            }
        }
    }

    /// What the containerd of this machine says; nil where there is none, or it is not to be used. With it why, if that may surprise.
    private func surveyed() async throws -> (ContainerdSurvey?, note: String?) {
        guard query.place != .store else { return (nil, nil) }
        let isWanted = query.place == .containerd || query.namespace != nil
        guard let settings = parts.containerd else {
            guard !isWanted else {
                throw PullFailure(
                    code: .refused, reason: "this agent does not use containerd: runtime.containerd.address is empty",
                    mend: "set it to containerd's socket or to auto, or pull with --into store")
            }
            return (nil, nil)
        }
        var last: ContainerdError?
        for socket in settings.address.map({ [$0] }) ?? ContainerdSocket.usual {
            do throws(ContainerdError) {
                try ContainerdSocket.probe(socket)
            } catch {
                if last?.code != .permission { last = error }
                continue
            }
            return (try await ContainerdSurvey(at: socket), nil)
        }
        guard !isWanted, settings.address == nil else {
            throw PullFailure(
                code: .runtimeGone, reason: last?.message ?? "no containerd runs here",
                mend: "see that it runs, or bring the image into Shoal's own store with --into store")
        }
        return (nil, last?.code == .permission ? last?.message : nil)
    }

    /// Runs `body` under a lease. Where it fails what it has written goes with the lease.
    private func withLease<Result: Sendable>(
        of client: ContainerdClient, _ runtime: PullTarget.Runtime,
        _ body: (RuntimeLease) async throws -> Result
    ) async throws -> Result {
        let number = String(UInt64.random(in: 0...(.max)), radix: 36)
        let lease = RuntimeLease(id: "shoal-pull-\(number)", namespace: runtime.namespace)
        try await client.createLease(lease, expiry: WallClock.now + Self.leaseTime)
        do {
            let result = try await body(lease)
            // An image leads to everything now.
            try await client.deleteLease(lease, sync: false)
            return result
        } catch {
            // Not a child of this task, which may have been cancelled, and its connection with it. Waited for all the same.
            await Task.detached {
                _ = try? await ContainerdClient.withConnection(to: runtime.socket) { client in
                    try await client.deleteLease(lease, sync: true)
                }
            }.value
            throw error
        }
    }

    // MARK: How far

    private func tellProgress() async {
        while (try? await Task.sleep(for: Self.tick)) != nil { tellWhereItIs() }
    }

    private func tellWhereItIs() {
        for digest in tally.withLock({ $0.moving }) {
            guard let transfer = parts.fetcher.transfer(of: digest) else { continue }
            let sources = named(transfer.bytes)
            tally.withLock {
                $0.arrived(digest, present: transfer.present, rate: transfer.rate, sources: sources)
            }
        }
        let (blobs, progress) = tally.withLock { $0.tick(now: .now) }
        guard progress.size > 0 else { return }
        for blob in blobs { tell(.blob(blob)) }
        tell(.progress(progress))
    }

    /// Who gave how much, by names that people know.
    func named(_ bytes: SourceBytes) -> [PulledBlob.Source] {
        bytes.peers.map { id, count in
            PulledBlob.Source(
                kind: "peer", id: id.description, name: parts.directory.peer(id)?.name, bytes: count)
        } + [
            PulledBlob.Source(kind: "upstream", bytes: bytes.upstream),
            PulledBlob.Source(kind: "store", bytes: bytes.store),
        ]
    }
}

extension ContainerdSurvey {
    /// Asks a containerd.
    init(at socket: FilePath) async throws {
        self = try await ContainerdClient.withConnection(to: socket) { client in
            var survey = ContainerdSurvey(socket: socket, images: [:], snapshotters: try await client.snapshotters())
            for namespace in try await client.namespaces() {
                survey.images[namespace] = try await client.images(in: namespace).count
                survey.defaultSnapshotters[namespace] = try await client.defaultSnapshotter(of: namespace)
            }
            return survey
        }
    }
}
