import Content
import OCI
import Synchronization

/// One verification that somebody asked for and watches. It ends when they do not any more.
final class VerifyJob: Sendable {
    /// A proof of one blob: what came of it, and the words for it where it is at fault. The closure is told of bytes read.
    typealias Proof =
        @Sendable (ProofItem, @escaping @Sendable (Int64) -> Void) async -> (ProofOutcome, VerifyFault?)

    private let query: VerifyQuery
    private let items: [ProofItem]
    /// Blobs of which it is known already.
    private let known: [VerifyFault]
    private let events: AsyncStream<VerifyEvent>.Continuation
    /// Ends when nobody watches any more.
    private let watched: AsyncStream<Void>
    private let tally = Mutex(VerifyTally(now: .now))

    /// Whoever iterates the stream watches the job.
    static func make(
        _ query: VerifyQuery, _ items: [ProofItem], known: [VerifyFault] = []
    ) -> (VerifyJob, AsyncStream<VerifyEvent>) {
        // Unbounded, and yet bounded: a line for each blob at fault and a few a second, to a client that is cut off when it
        // has read nothing for two minutes.
        let (stream, events) = AsyncStream<VerifyEvent>.makeStream()
        let (watched, end) = AsyncStream<Void>.makeStream()
        events.onTermination = { _ in end.finish() }
        return (VerifyJob(query: query, items: items, known: known, events: events, watched: watched), stream)
    }

    private init(
        query: VerifyQuery, items: [ProofItem], known: [VerifyFault], events: AsyncStream<VerifyEvent>.Continuation,
        watched: AsyncStream<Void>
    ) {
        self.query = query
        self.known = known
        // The large ones first: so the last to be read is not one that all others wait for.
        self.items = items.sorted { $0.blob.size > $1.blob.size }
        self.events = events
        self.watched = watched
    }

    /// Reads the blobs, so many at once, until all are read or nobody watches any more. ``end()`` is to follow.
    func run(width: Int, prove: @escaping Proof) async {
        await withTaskGroup { group in
            group.addTask { for await _ in self.watched {} }
            group.addTask { await self.tellLife() }
            group.addTask { await self.read(width, prove) }
            // The first is the reading, or the end of watching: the other tells for ever.
            await group.next()
            group.cancelAll()
        }
    }

    /// Says the last line; a job that was cancelled has none.
    func end() {
        let (isRead, progress, summary) = tally.withLock { ($0.isRead, $0.progress, $0.summary) }
        if isRead {
            events.yield(.progress(progress))
            events.yield(.end(summary))
        }
        events.finish()
    }

    private func read(_ width: Int, _ prove: @escaping Proof) async {
        let bytes = items.reduce(0) { $0 + $1.blob.size }
        events.yield(
            .begin(VerifyScope(query: query.description, blobs: items.count + known.count, bytes: bytes)))
        for fault in known {
            tally.withLock { $0.add(.damaged(reason: fault.reason), now: .now) }
            events.yield(.fault(fault))
        }
        await withTaskGroup { group in
            var rest = items.makeIterator()
            for _ in 0..<width {
                if let item = rest.next() { group.addTask { await self.read(item, prove) } }
            }
            while await group.next() != nil, !Task.isCancelled {
                if let item = rest.next() { group.addTask { await self.read(item, prove) } }
            }
        }
        guard !Task.isCancelled else { return }
        tally.withLock { $0.isRead = true }
    }

    private func read(_ item: ProofItem, _ prove: Proof) async {
        let (outcome, fault) = await prove(item) { bytes in
            if let line = self.tally.withLock({ $0.read(bytes, now: .now) }) { self.events.yield(.progress(line)) }
        }
        guard !Task.isCancelled else { return }
        tally.withLock { $0.add(outcome, now: .now) }
        if let fault { events.yield(.fault(fault)) }
    }

    /// On a busy machine nothing may be read for long: whoever watches sees that the agent is there.
    private func tellLife() async {
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            events.yield(.progress(tally.withLock { $0.progress }))
        }
    }
}
