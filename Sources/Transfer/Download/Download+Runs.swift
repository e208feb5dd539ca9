import Content
import Discovery
import Logging
import NIOCore
import OCI
import Synchronization

/// How a request ended, and in a word why.
private struct RunEnd: Sendable {
    static let finished = RunEnd(.finished, nil)

    var ending: DownloadPlan.Ending
    /// Nil where nothing failed.
    var reason: FailureReason?

    init(_ ending: DownloadPlan.Ending, _ reason: FailureReason?) {
        self.ending = ending
        self.reason = ending == .finished ? nil : reason ?? FailureReason(ending)
    }
}

/// Requests to sources, and what else the plan wants asked and looked at.
extension Download {
    func perform(_ id: Int, _ source: DownloadPlan.Source, _ range: Range<Int64>?) async {
        guard let cancelled = state.withLock({ $0.cancellations[id]?.stream }) else { return }
        let end = await withTaskGroup(of: RunEnd.self) { group in
            group.addTask { await self.transfer(id, source, range) }
            group.addTask {
                for await _ in cancelled {}
                return .finished
            }
            // The first to end decides; the transfer is waited for, so that nothing writes when the run has ended.
            let first = await group.next() ?? .finished
            group.cancelAll()
            let second = await group.next() ?? .finished
            return first.ending == .finished ? second : first
        }
        let ending = end.ending
        let run = state.withLock { state -> DownloadPlan.Run? in
            defer { state.plan.runEnded(id, ending, now: .now) }
            state.cancellations[id] = nil
            guard let run = state.plan.runs[id] else { return nil }
            state.accounts.ended(run, end.reason, size: state.plan.size, now: .now)
            return run
        }
        if let run {
            context.logger.debug(
                "run ended",
                metadata: [
                    "digest": "\(digest.short)", "source": "\(source)", "ending": "\(ending)", "to": "\(run.position)",
                    "received": "\(run.received)", "cancelled": "\(run.cancelled)",
                    "ms": "\(run.startedAt.duration(to: .now) / .milliseconds(1))",
                ])
        }
        signalHash.yield()
        evaluate()
    }

    private func transfer(_ id: Int, _ source: DownloadPlan.Source, _ range: Range<Int64>?) async -> RunEnd {
        let origins = state.withLock { $0.origins }
        // What comes is received where it comes in, without a change of threads for each chunk.
        let executor = sources.executor(for: source)
        do throws(SourceFailure) {
            let wait = state.withLock { $0.plan.wait(for: id) }
            let stream = try await withTaskExecutorPreference(executor) { () async throws(SourceFailure) in
                try await sources.open(source, digest, origins: origins, as: identity, range: range, wait: wait)
            }
            switch state.withLock({
                $0.plan.runOpened(
                    id, offset: stream.offset, total: stream.total, rangeIgnored: stream.rangeIgnored, now: .now)
            }) {
            case .proceed:
                noteSource()
                evaluate()
            case .refuse(let message): return RunEnd(.broke(message), .wrongAnswer)
            case .stop: return .finished
            }
            let arrived = ArrivedChunks(on: context.disk) { chunks in
                RequestTrace.$id.withValue(self.requestID) { self.write(chunks, id, source, upTo: range?.upperBound) }
            }
            // What has been received is written also where no more comes of it.
            do throws(SourceFailure) {
                try await withTaskExecutorPreference(executor) { () async throws(SourceFailure) in
                    try await receive(stream, source, into: arrived)
                }
            } catch {
                return await arrived.finish() ?? RunEnd(error.ending, error.reason)
            }
            return await arrived.finish() ?? RunEnd(state.withLock { $0.plan.bodyEnded(id) }, .truncated)
        } catch {
            return RunEnd(error.ending, error.reason)
        }
    }

    /// Takes what a source sends, at the rate that is set.
    private func receive(
        _ stream: SourceStream, _ source: DownloadPlan.Source, into arrived: ArrivedChunks<RunEnd>
    ) async throws(SourceFailure) {
        while let chunk = try await stream.next() {
            do {
                try await (source == .upstream ? context.rates.upstream : context.rates.download)
                    .take(chunk.readableBytes)
            } catch {
                return
            }
            guard await arrived.put(chunk) else { return }
        }
    }

    /// Puts what has come into the spool. Where the run ends before what was asked for does, nothing more of it is waited for.
    /// - Parameter asked: where the request ends; nil: with the blob.
    /// - Returns: how the run ends; nil where it goes on.
    private func write(
        _ chunks: [ByteBuffer], _ id: Int, _ source: DownloadPlan.Source, upTo asked: Int64?
    ) -> RunEnd? {
        guard let end = write(chunks, id, source) else { return nil }
        // A body that ends by itself leaves a connection to be used again.
        let cancellation = state.withLock { state in
            let isAtItsEnd = state.plan.runs[id].map { $0.position == asked ?? state.plan.size } ?? false
            return isAtItsEnd ? nil : state.cancellations[id]
        }
        cancellation?.finish.finish()
        return end
    }

    private func write(_ chunks: [ByteBuffer], _ id: Int, _ source: DownloadPlan.Source) -> RunEnd? {
        let count = chunks.reduce(0) { $0 + Int64($1.readableBytes) }
        context.counters.received(count, from: source)
        let (decision, position) = state.withLock { state in
            state.bytes.add(count, from: source)
            return (state.plan.willWrite(id, count: count), state.plan.runs[id]?.position ?? 0)
        }
        switch decision {
        case .stop: return .finished
        case .overflow:
            return RunEnd(.refused("the source sent more bytes than the blob has"), .wrongAnswer)
        case .write(let parts):
            guard write(chunks, at: position, parts) else { return .finished }
            let (goesOn, hasNews) = state.withLock { state in
                (state.plan.wrote(id, parts, count: count, now: .now), state.plan.hasNews)
            }
            signalHash.yield()
            if hasNews { evaluate() } else { wakeReaders() }
            return goesOn ? nil : .finished
        }
    }

    /// Writes those parts (ranges of the blob) of adjacent chunks.
    /// - Returns: whether they have been written.
    private func write(_ chunks: [ByteBuffer], at position: Int64, _ parts: [Range<Int64>]) -> Bool {
        let wanted = max(chunks.reduce(0) { $0 + Int64($1.readableBytes) }, 64 << 20)
        while true {
            do {
                try spool.write(chunks, at: position, parts: parts)
                return true
            } catch {
                // Where it is not the disk that is full, only what was left in the spool helps.
                let code = (error as? ContentError)?.code
                if code == .noSpace || code == .exceedsCapacity,
                    context.makeRoom(wanted) > 0 || code == .noSpace && context.store.makeRoom(for: wanted) > 0
                {
                    continue
                }
                spoolIsUnwritable(error)
                return false
            }
        }
    }

    private func spoolIsUnwritable(_ error: any Error) {
        let message = "the spool cannot be written: \(error)"
        // What is there serves those who read it, and nobody after them.
        state.withLock { state in
            state.plan.outOfSpace(message)
            state.isClosed = true
        }
        context.replaced(self)
        spool.discard()
    }

    // MARK: What others say

    func ask(_ node: NodeID, since place: PieceLog.Place?) async {
        let report = await sources.report(of: digest, from: node, since: place)
        state.withLock { state in
            if let report {
                state.plan.heard(node, report, now: .now)
            } else {
                state.plan.notHeard(node, now: .now)
            }
        }
        evaluate()
    }

    func askChain(_ node: NodeID) async {
        guard let size else {
            state.withLock { $0.plan.chainAnswered(nil, by: node) }
            return
        }
        let chain = await sources.chain(of: digest, size: size, from: node)
        state.withLock { $0.plan.chainAnswered(chain, by: node) }
        evaluate()
    }

    func check(_ pieces: [PieceCheck], generation: Int) async {
        let findings = try? await context.hashing.run { [spool, tally = context.counters.hashing] in
            let began = ContinuousClock.now
            defer { tally.hashed(pieces.reduce(0) { $0 + Int64($1.range.count) }, since: began) }
            return spool.check(pieces)
        }
        let (actions, notes) = state.withLock { state -> ([DownloadPlan.Action], [SpooledPiece]) in
            let isCurrent = state.plan.hashGeneration == generation
            let actions = state.plan.checked(pieces.map(\.piece), findings ?? [], generation: generation)
            guard isCurrent, let findings else { return (actions, []) }
            return (actions, zip(pieces, findings).compactMap { state.plan.note(of: $0.piece, $1) })
        }
        for note in notes { spool.note(note) }
        for action in actions { act.yield(action) }
        if let findings, findings.contains(nil), state.withLock({ $0.plan.hashGeneration == generation }) {
            // Who reads a part has nobody behind him who would find it.
            spoolIsUnreadable("what was written to it cannot be read")
        }
        signalHash.yield()
        evaluate()
    }
}
