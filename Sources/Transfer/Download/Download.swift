import Content
import Discovery
import Integrity
import Logging
import NIOCore
import NIOPosix
import OCI
import Synchronization

/// The one download of a blob on this node: the spool file, the runs that write it, and the readers that follow.
///
/// What to do is decided by ``DownloadPlan``; this class carries it out. It lives from ``run()``'s begin until the blob is in
/// the store or nobody has wanted it for a while. Readers that hold the spool's descriptor outlive it.
final class Download: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// Sources are given up when nobody has read for so long; bytes are dropped when nobody came back for so long.
    static let pauseAfter: Duration = .seconds(15)
    static let lingerFor: Duration = .seconds(120)
    static let tick: Duration = .milliseconds(250)
    /// So long after its end a download goes on telling others what it has.
    static let farewell: Duration = .seconds(5)
    /// Where there are peers, so long is listened for others that want the blob before upstream is asked: whoever begins at the same
    /// moment would else fetch the same.
    static let hearing: Duration = .milliseconds(60)

    struct State {
        var plan: DownloadPlan
        var origins: [Origin]
        /// What was left in the spool has been looked at.
        var isReady = false
        var isClosed = false
        var nextReader = 0
        var waiters: [Int: Waiter] = [:]
        /// Peers that wait for bytes on their way here.
        var peers: [Int: PeerWaiter] = [:]
        /// With what size the blob has been announced as wanted; nil: it has not been.
        var announced: Int64??
        var announcedAt: Instant?
        var notedSize: Int64?
        var cancellations: [Int: Cancellation] = [:]
        var idleSince: Instant?
        var bytes = SourceBytes()
        var stored: StoredBlob?
        var commitFailed = false
    }

    /// Finished to end a run.
    struct Cancellation {
        let stream: AsyncStream<Never>
        let finish: AsyncStream<Never>.Continuation

        init() { (stream, finish) = AsyncStream.makeStream() }
    }

    struct Waiter {
        var offset: Int64
        var continuation: CheckedContinuation<Void, any Error>
    }

    struct PeerWaiter {
        var range: Range<Int64>
        var continuation: CheckedContinuation<Void, Never>
    }

    let digest: Digest
    let spool: SpoolFile
    let started: Instant
    let state: Mutex<State>
    private let sources: any BlobSources
    private let context: DownloadContext
    private let actions: AsyncStream<DownloadPlan.Action>
    private let act: AsyncStream<DownloadPlan.Action>.Continuation
    private let hashSignal: AsyncStream<Void>
    private let signalHash: AsyncStream<Void>.Continuation

    init(
        digest: Digest, size: Int64?, origins: [Origin], spool: SpoolFile, sources: any BlobSources,
        context: DownloadContext
    ) {
        self.digest = digest
        self.spool = spool
        self.sources = sources
        self.context = context
        started = .now
        var plan = DownloadPlan(digest, own: context.own, size: size, releasesChecked: context.releasesChecked)
        plan.completes = context.completesRanges
        state = Mutex(State(plan: plan, origins: origins))
        (actions, act) = AsyncStream.makeStream()
        (hashSignal, signalHash) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    // MARK: Readers

    /// A new reader; nil when the download has ended and another must be begun.
    func reader(_ intent: DownloadPlan.Intent, origin: Origin?) -> SpoolReader? {
        let id: Int? = state.withLock { state in
            guard !state.isClosed else { return nil }
            if let origin, !state.origins.contains(origin), state.origins.count < 8 { state.origins.append(origin) }
            let id = state.nextReader
            state.nextReader += 1
            state.plan.addReader(id, intent, now: .now)
            state.idleSince = nil
            return id
        }
        guard let id else { return nil }
        evaluate()
        return SpoolReader(download: self, id: id)
    }

    func removeReader(_ id: Int) {
        let waiter = state.withLock { state -> Waiter? in
            state.plan.removeReader(id)
            if !state.plan.isWanted { state.idleSince = .now }
            return state.waiters.removeValue(forKey: id)
        }
        waiter?.continuation.resume(throwing: CancellationError())
    }

    var size: Int64? { state.withLock { $0.plan.size } }

    var origins: [Origin] { state.withLock { $0.origins } }

    /// What there is to see of the download now.
    var status: TransferStatus {
        let seconds = started.duration(to: .now) / .seconds(1)
        return state.withLock { state in
            TransferStatus(
                digest: digest, size: state.plan.size, present: state.plan.present.count,
                readers: state.plan.readers.count, fromPeers: state.bytes.fromPeers, fromUpstream: state.bytes.upstream,
                seconds: seconds)
        }
    }

    /// How many bytes came from where so far.
    var bytes: SourceBytes { state.withLock { $0.bytes } }

    /// Waits until the reader may have bytes at `offset`.
    /// - Returns: the end of what may go out from there.
    func wait(_ id: Int, at offset: Int64) async throws -> Int64 {
        while true {
            try Task.checkCancellation()
            switch state.withLock({ $0.plan.read(id, at: offset, now: .now) }) {
            case .ready(let end): return end
            case .failed(let code, let message): throw FetchError(code, "\(digest): \(message)")
            case .wait: break
            }
            // A reader that no run is about to reach may be due one of its own.
            if state.withLock({ !$0.plan.isServed(id) }) { evaluate() }
            try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    let isWaiting = state.withLock { state in
                        guard state.plan.read(id, at: offset, now: .now) == .wait else { return false }
                        state.waiters[id] = Waiter(offset: offset, continuation: continuation)
                        return true
                    }
                    if !isWaiting { continuation.resume() }
                    // Cancelled before the waiter was there: the handler below has found nobody to wake.
                    if Task.isCancelled { wake(id) }
                }
            } onCancel: {
                wake(id)
            }
        }
    }

    /// Lets a waiting reader look again.
    private func wake(_ id: Int) {
        state.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume()
    }

    /// Lets those readers look again whose bytes have come, or will not come any more.
    private func wakeReaders() {
        let (ready, peers) = state.withLock { state -> ([Waiter], [PeerWaiter]) in
            var ready: [Waiter] = []
            for (id, waiter) in state.waiters where state.plan.read(id, at: waiter.offset, now: .now) != .wait {
                ready.append(waiter)
                state.waiters[id] = nil
            }
            var peers: [PeerWaiter] = []
            for (id, waiter) in state.peers where state.isClosed || state.plan.offer(waiter.range) != .coming {
                peers.append(waiter)
                state.peers[id] = nil
            }
            return (ready, peers)
        }
        for waiter in ready { waiter.continuation.resume() }
        for waiter in peers { waiter.continuation.resume() }
    }

    // MARK: Lifecycle

    /// Carries the download out until it is stored, has failed and been left, or the task is cancelled.
    func run() async {
        await recover()
        await withDiscardingTaskGroup { group in
            group.addTask { await self.followHash() }
            group.addTask { await self.watch() }
            group.addTask {
                try? await Task.sleep(for: Self.hearing)
                self.evaluate()
            }
            for await action in actions {
                switch action {
                case .start(let id, let source, let range):
                    group.addTask { await self.perform(id, source, range) }
                case .cancel(let id):
                    state.withLock { $0.cancellations[id] }?.finish.finish()
                case .askLAN:
                    group.addTask {
                        await self.sources.askLAN(for: self.digest)
                        self.state.withLock { $0.plan.lanAnswered() }
                        self.evaluate()
                    }
                case .blame(let peer, let convicted):
                    sources.blame(peer, for: digest, convicted: convicted)
                case .ask(let node, let place):
                    group.addTask { await self.ask(node, since: place) }
                case .askChain(let node):
                    group.addTask { await self.askChain(node) }
                case .check(let piece, let proof, let generation):
                    group.addTask { await self.check(piece, by: proof, generation: generation) }
                }
            }
            group.cancelAll()
        }
        context.shares.set(digest, takes: false)
        if state.withLock({ $0.stored != nil }) {
            // The others learn that the blob can be had here from the store before they hear that it is wanted here no longer.
            try? await Task.sleep(for: Self.farewell)
        }
        sources.withdraw(digest)
        context.left(self)
        let waiters = state.withLock { state in
            state.isClosed = true
            if state.plan.phase == .fetching {
                state.plan.stop("the agent is shutting down")
            }
            defer { state.waiters = [:] }
            return state.waiters.values.map(\.continuation)
        }
        for waiter in waiters { waiter.resume() }
        wakeReaders()
        context.finished(self)
        switch state.withLock({ ($0.stored, $0.plan.phase) }) {
        case (.some, _): break
        case (nil, .failed(.noSpace, _)), (nil, .failed(.damaged, _)): spool.discard()
        // For the next download of the blob, in this agent or after its restart.
        case (nil, _): spool.leave()
        }
    }

    /// Takes up what an earlier download has left in the spool, after a look at it.
    private func recover() async {
        defer {
            state.withLock { $0.isReady = true }
            evaluate()
        }
        guard let left = spool.recovered, let size = size ?? left.size else { return }
        let sound = try? await context.hashing.run { [spool] in left.soundPieces(in: spool, size: size) }
        state.withLock { $0.plan.recovered(sound ?? [], size: size, sizeIsUpstreams: left.sizeIsUpstreams) }
        context.logger.info(
            "a download goes on from what was left of it",
            metadata: ["digest": "\(digest)", "pieces": "\(sound?.count ?? 0) of \(left.pieces.count)"])
        signalHash.yield()
    }

    /// Lets the plan decide, and carries out what it says.
    func evaluate() {
        let origins = state.withLock { $0.origins }
        // Who takes part in a swarm tells the others what it has: that is not for everybody where the blob is not.
        let isShared = context.mayBeShared(digest, origins)
        if isShared { announce() }
        let world = DownloadPlan.World(
            holders: sources.holders(of: digest), upstreamUsable: sources.isUpstreamUsable(for: origins),
            wanters: isShared ? sources.wanters(of: digest) : [],
            claimedSize: context.sizes.size(of: digest) ?? sources.claimedSize(of: digest),
            expectsOthers: expectsOthers, upstreamIsCrowded: context.shares.isCrowded(besides: digest))
        let actions = state.withLock { state -> [DownloadPlan.Action] in
            guard state.isReady else { return [] }
            let actions = state.plan.evaluate(now: .now, world: world)
            noteSize(of: &state)
            context.shares.set(digest, takes: state.plan.takesShare)
            for case .start(let id, _, _) in actions {
                state.cancellations[id] = Cancellation()
            }
            return actions
        }
        for action in actions { act.yield(action) }
        wakeReaders()
    }

    /// Whether those who began at the same moment may not have been heard yet.
    private var expectsOthers: Bool {
        guard let since = state.withLock({ $0.announcedAt }), since.duration(to: .now) < Self.hearing else {
            return false
        }
        return sources.hasNeighbours
    }

    /// For an agent after this one.
    private func noteSize(of state: inout State) {
        guard let size = state.plan.size, state.notedSize != size else { return }
        state.notedSize = size
        spool.note(size: size, sizeIsUpstreams: state.plan.sizeIsUpstreams)
    }

    /// Tells the LAN that the blob is wanted here, and of what size it is.
    private func announce() {
        let size = state.withLock { state -> Int64?? in
            let isWanted = !state.isClosed && (state.plan.phase == .fetching || !state.plan.log.isEmpty)
            guard isWanted, state.announced != .some(state.plan.size) else { return nil }
            if state.announced == nil { state.announcedAt = .now }
            state.announced = .some(state.plan.size)
            return .some(state.plan.size)
        }
        if let size { sources.announce(digest, size: size) }
    }

    private func watch() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.tick)
            evaluate()
            let isOver = state.withLock { state -> Bool in
                if state.stored != nil { return true }
                guard !state.plan.isWanted else {
                    state.idleSince = nil
                    return false
                }
                guard let since = state.idleSince else {
                    state.idleSince = .now
                    return false
                }
                let idle = since.duration(to: .now)
                if idle > Self.pauseAfter { state.plan.pause() }
                guard idle > Self.lingerFor || state.commitFailed else { return false }
                state.isClosed = true
                return true
            }
            if isOver { break }
        }
        act.finish()
    }

    // MARK: Runs

    private func perform(_ id: Int, _ source: DownloadPlan.Source, _ range: Range<Int64>?) async {
        guard let cancelled = state.withLock({ $0.cancellations[id]?.stream }) else { return }
        let ending = await withTaskGroup(of: DownloadPlan.Ending.self) { group in
            group.addTask { await self.transfer(id, source, range) }
            group.addTask {
                for await _ in cancelled {}
                return .finished
            }
            // The first to end decides; the transfer is waited for, so that nothing writes when the run has ended.
            let first = await group.next() ?? .finished
            group.cancelAll()
            let second = await group.next() ?? .finished
            return first == .finished ? second : first
        }
        let run = state.withLock { state in
            defer { state.plan.runEnded(id, ending, now: .now) }
            state.cancellations[id] = nil
            return state.plan.runs[id]
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

    private func transfer(_ id: Int, _ source: DownloadPlan.Source, _ range: Range<Int64>?) async -> DownloadPlan.Ending
    {
        let origins = state.withLock { $0.origins }
        do throws(SourceFailure) {
            let wait = state.withLock { $0.plan.wait(for: id) }
            let stream = try await sources.open(source, digest, origins: origins, range: range, wait: wait)
            switch state.withLock({
                $0.plan.runOpened(
                    id, offset: stream.offset, total: stream.total, rangeIgnored: stream.rangeIgnored, now: .now)
            }) {
            case .proceed: evaluate()
            case .refuse(let message): return .broke(message)
            case .stop: return .finished
            }
            while let chunk = try await stream.next() {
                if let ending = try await write(chunk, id, source) { return ending }
            }
            return state.withLock { $0.plan.bodyEnded(id) }
        } catch {
            return error.ending
        }
    }

    /// Puts a chunk into the spool.
    /// - Returns: how the run ends; nil where it goes on.
    private func write(_ chunk: ByteBuffer, _ id: Int, _ source: DownloadPlan.Source) async throws(SourceFailure)
        -> DownloadPlan.Ending?
    {
        let count = Int64(chunk.readableBytes)
        do {
            try await (source == .upstream ? context.rates.upstream : context.rates.download).take(chunk.readableBytes)
        } catch {
            return .finished
        }
        context.counters.received(count, from: source)
        let (decision, position) = state.withLock { state in
            state.bytes.add(count, from: source)
            return (state.plan.willWrite(id, count: count), state.plan.runs[id]?.position ?? 0)
        }
        switch decision {
        case .stop: return .finished
        case .overflow: return .refused("the source sent more bytes than the blob has")
        case .write(let parts):
            do {
                try await context.disk.run { [spool, store = context.store, makeRoom = context.makeRoom] in
                    do {
                        try spool.write(chunk, at: position, parts: parts)
                    } catch let error as ContentError where error.code == .noSpace {
                        let wanted = max(count, 64 << 20)
                        guard makeRoom(wanted) > 0 || store.makeRoom(for: wanted) > 0 else { throw error }
                        try spool.write(chunk, at: position, parts: parts)
                    }
                }
            } catch is CancellationError {
                // The run is not wanted any more; what was not written is not counted either.
                return .finished
            } catch {
                let message = "the spool cannot be written: \(error)"
                state.withLock { $0.plan.outOfSpace(message) }
                return .finished
            }
            let (goesOn, hasNews) = state.withLock { state in
                (state.plan.wrote(id, parts, count: count, now: .now), state.plan.hasNews)
            }
            signalHash.yield()
            if hasNews { evaluate() } else { wakeReaders() }
            return goesOn ? nil : .finished
        }
    }

    // MARK: What others say

    private func ask(_ node: NodeID, since place: PieceLog.Place?) async {
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

    private func askChain(_ node: NodeID) async {
        guard let size else { return }
        let chain = await sources.chain(of: digest, size: size, from: node)
        state.withLock { $0.plan.chainAnswered(chain, by: node) }
        evaluate()
    }

    private func check(_ piece: Int, by proof: PieceProof, generation: Int) async {
        guard let size else { return }
        let range = state.withLock { $0.plan.range(of: piece, size: size) }
        let finding = try? await context.hashing.run { [spool] in try spool.check(range, by: proof) }
        let (actions, note) = state.withLock { state in
            (state.plan.checked(piece, finding, generation: generation), state.plan.note(of: piece, finding))
        }
        if let note { spool.note(note) }
        for action in actions { act.yield(action) }
        signalHash.yield()
        evaluate()
    }

    // MARK: Verification

    private enum HashStep {
        case restart(Int, soundTo: Int64)
        case hash(Range<Int64>)
        case finish
        case wait
    }

    /// Hashes the front of the spool as it grows, and says the verdict when all is here.
    private func followHash() async {
        var generation = 0
        var position: Int64 = 0
        var hasher = SpoolHasher(spool, digest.algorithm)
        for await _ in hashSignal {
            following: while !Task.isCancelled {
                let step = state.withLock { state -> HashStep in
                    if state.plan.hashGeneration != generation {
                        return .restart(state.plan.hashGeneration, soundTo: state.plan.soundPrefix())
                    }
                    let plan = state.plan
                    if plan.phase != .fetching { return .wait }
                    if position < plan.front { return .hash(position..<min(plan.front, position + (4 << 20))) }
                    return plan.isComplete ? .finish : .wait
                }
                switch step {
                case .wait: break following
                case .restart(let new, let soundTo):
                    generation = new
                    let sound = hasher.states.prefix(Int(soundTo / HashChain.pieceSize))
                    position = Int64(sound.count) * HashChain.pieceSize
                    hasher = SpoolHasher(spool, digest.algorithm, after: Array(sound))
                case .hash(let range):
                    do {
                        try await context.hashing.run { [hasher] in try hasher.update(range) }
                        noteFront(hasher.states, from: position, to: range.upperBound)
                        position = range.upperBound
                    } catch {
                        state.withLock { $0.plan.stop("the spool cannot be read back: \(error)") }
                        evaluate()
                        return
                    }
                case .finish:
                    let (actual, chain) = hasher.finishChain()
                    hasher = SpoolHasher(spool, digest.algorithm)
                    position = 0
                    if await conclude(actual, chain, generation: generation) { return }
                }
            }
        }
    }

    /// Notes the states that hashing has passed, for an agent after this one: by them it can tell what of the front is still good.
    private func noteFront(_ states: [SHA256State], from: Int64, to: Int64) {
        for piece in Int(from / HashChain.pieceSize)..<Int(to / HashChain.pieceSize) where piece < states.count {
            guard let kind = state.withLock({ $0.plan.kind(of: piece) }) else { continue }
            spool.note(SpooledPiece(piece: piece, kind: kind, state: states[piece]))
        }
    }

    /// - Returns: whether the blob is verified.
    private func conclude(_ actual: Digest, _ chain: HashChain?, generation: Int) async -> Bool {
        let isRight = actual == digest
        let actions = state.withLock { state -> [DownloadPlan.Action] in
            guard state.plan.hashGeneration == generation else { return [] }
            if isRight { return state.plan.verified() }
            return state.plan.mismatched("the bytes that came hash to \(actual)")
        }
        for action in actions { act.yield(action) }
        evaluate()
        guard isRight, let size, state.withLock({ $0.plan.phase == .verified }) else {
            context.logger.warning(
                "the bytes of a blob were wrong and have been dropped",
                metadata: ["digest": "\(digest)", "actual": "\(actual)"])
            spool.startOver()
            return false
        }
        if let chain { context.chains?.keep(chain) }
        await commit(size: size)
        return true
    }

    private func commit(size: Int64) async {
        do {
            let stored = try await context.store.commit(spool, as: digest, size: size)
            state.withLock { state in
                state.stored = stored
                state.isClosed = true
            }
        } catch {
            context.logger.notice(
                "a verified blob is not kept", metadata: ["digest": "\(digest)", "reason": "\(error)"])
            state.withLock { $0.commitFailed = true }
        }
        context.finished(self)
    }
}
