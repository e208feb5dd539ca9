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
        var accounts = SourceAccounts()
        /// When all was here and right.
        var verifiedAt: Instant?
        /// What of `bytes` the counters know by peer.
        var credited: [NodeID: Int64] = [:]
        var hasSource = false
        var rate = RecentRate()
        var stored: StoredBlob?
        var commitFailed = false

        func asks(_ registry: RegistryName?) -> Bool {
            registry == nil || origins.allSatisfy { $0.registry == registry }
        }
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
    /// As whom upstream is asked: all that read it have that right, or none.
    let identity: UpstreamIdentity
    let spool: SpoolFile
    let started: Instant
    /// The request that it was begun for, as in the logs.
    let requestID = RequestTrace.id
    let state: Mutex<State>
    let sources: any BlobSources
    let context: DownloadContext
    private let actions: AsyncStream<DownloadPlan.Action>
    let act: AsyncStream<DownloadPlan.Action>.Continuation
    let hashSignal: AsyncStream<Void>
    let signalHash: AsyncStream<Void>.Continuation

    init(
        digest: Digest, size: Int64?, origins: [Origin], identity: UpstreamIdentity = .node, spool: SpoolFile,
        sources: any BlobSources, context: DownloadContext
    ) {
        self.digest = digest
        self.identity = identity
        self.spool = spool
        self.sources = sources
        self.context = context
        started = .now
        var plan = DownloadPlan(digest, own: context.own, size: size, releasesChecked: context.releasesChecked)
        // Nobody's credentials are used for what that one did not ask for.
        plan.completes = context.completesRanges && identity == .node
        plan.sideBySide = min(LaneHasher.usualWidth, DownloadPlan.checksAtOnce)
        state = Mutex(State(plan: plan, origins: origins))
        (actions, act) = AsyncStream.makeStream()
        (hashSignal, signalHash) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    // MARK: What there is to see

    var size: Int64? { state.withLock { $0.plan.size } }

    /// The blob's size as far as a new reader may rely on it, and whether upstream has told it.
    var currentSize: (bytes: Int64, isUpstreams: Bool)? {
        state.withLock { state in state.plan.currentSize.map { ($0, state.plan.sizeIsUpstreams) } }
    }

    /// Whether nobody can begin to read it any more.
    var isClosed: Bool { state.withLock { $0.isClosed } }

    var origins: [Origin] { state.withLock { $0.origins } }

    /// What there is to see of the download now.
    var status: TransferStatus {
        let seconds = started.duration(to: .now) / .seconds(1)
        return state.withLock { state in
            TransferStatus(
                digest: digest, size: state.plan.size, present: state.plan.present.count,
                pieces: state.plan.size.map { state.plan.wholePieces(size: $0) },
                readers: state.plan.readers.keys.count { $0 >= 0 }, bytes: state.bytes, rate: Int64(state.rate.value),
                seconds: seconds)
        }
    }

    /// Whether the LAN has been told that the blob is wanted here.
    var isAnnounced: Bool { state.withLock { $0.announced != nil } }

    /// How many bytes came from where so far.
    var bytes: SourceBytes { state.withLock { $0.bytes } }

    /// What became of it so far.
    var record: DownloadRecord {
        state.withLock { state in
            let plan = state.plan
            let isVerified = plan.phase == .verified
            let hasSome = !plan.present.extents.isEmpty
            let isChecked = plan.present.extents.contains { $0.provenance == .checked }
            return DownloadRecord(
                digest: digest, size: plan.size, began: started,
                seconds: started.duration(to: state.verifiedAt ?? .now) / .seconds(1), bytes: state.bytes,
                sources: state.accounts.sources(running: plan.runs.values, size: plan.size, now: .now),
                verified: isVerified ? .whole : isChecked ? .chain : .none,
                outcome: isVerified ? .complete : hasSome ? .partial : .failed,
                failure: isVerified ? nil : plan.failureText, requestID: requestID)
        }
    }

    // MARK: Lifecycle

    /// Carries the download out until it is stored, has failed and been left, or the task is cancelled.
    func run() async {
        await RequestTrace.$id.withValue(requestID) { await live() }
    }

    private func live() async {
        context.tell(.began(digest, size: size))
        context.counters.downloadBegan()
        await recover()
        await withDiscardingTaskGroup { group in
            group.addTask { await self.followHash() }
            group.addTask { await self.watch() }
            group.addTask {
                try? await Task.sleep(for: Self.hearing)
                self.evaluate()
            }
            for await action in actions { carryOut(action, in: &group) }
            group.cancelAll()
        }
        await end()
    }

    private func carryOut(_ action: DownloadPlan.Action, in group: inout DiscardingTaskGroup) {
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
        case .blame(let peer, let convicted, let piece):
            state.withLock { $0.accounts.blamed(peer) }
            sources.blame(.init(peer: peer, digest: digest, piece: piece, isConvicted: convicted))
        case .ask(let node, let place):
            group.addTask { await self.ask(node, since: place) }
        case .askChain(let node):
            group.addTask { await self.askChain(node) }
        case .check(let pieces, let generation):
            group.addTask { await self.check(pieces, generation: generation) }
        case .evaluate(let delay):
            group.addTask {
                try? await Task.sleep(for: delay)
                self.evaluate()
            }
        }
    }

    private func end() async {
        creditPeers()
        context.counters.downloadEnded(outcome)
        context.tell(.ended(record))
        context.shares.set(digest, takes: false)
        if state.withLock({ $0.stored != nil }) {
            // The others learn that the blob can be had here from the store before they hear that it is wanted here no longer.
            try? await Task.sleep(for: Self.farewell)
        }
        state.withLock { state in
            state.isClosed = true
            if state.plan.phase == .fetching { state.plan.stop("the agent is shutting down") }
        }
        wakeReaders()
        context.replaced(self)
        if context.isLast(self) { sources.withdraw(digest) }
        context.left(self)
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
            // A blob of which upstream has said that it is empty is complete from the start.
            signalHash.yield()
            evaluate()
        }
        guard let left = spool.recovered, let size = size ?? left.size else { return }
        let stop = Flag()
        let sound = await withTaskCancellationHandler {
            try? await context.hashing.run { [spool] in
                left.soundPieces(in: spool, size: size, isCancelled: { stop.isRaised })
            }
        } onCancel: {
            stop.raise()
        }
        state.withLock { $0.plan.recovered(sound ?? [], size: size, sizeIsUpstreams: left.sizeIsUpstreams) }
        context.logger.info(
            "a download goes on from what was left of it",
            metadata: ["digest": "\(digest)", "pieces": "\(sound?.count ?? 0) of \(left.pieces.count)"])
    }

    /// Lets the plan decide, and carries out what it says.
    func evaluate() {
        let origins = state.withLock { $0.origins }
        // Who says that it wants a blob tells the others what it has: that is not for everybody where the blob is not. What others offer
        // can be had all the same.
        if context.mayBeShared(digest, origins) { announce() }
        let world = DownloadPlan.World(
            holders: sources.holders(of: digest), upstreamUsable: sources.isUpstreamUsable(for: origins),
            wanters: sources.wanters(of: digest),
            claimedSize: context.sizes.size(of: digest) ?? sources.claimedSize(of: digest),
            expectsOthers: expectsOthers, upstreamIsCrowded: context.shares.isCrowded(besides: digest))
        let (actions, size) = state.withLock { state -> ([DownloadPlan.Action], (Int64, isUpstreams: Bool)?) in
            guard state.isReady else { return ([], nil) }
            let actions = state.plan.evaluate(now: .now, world: world)
            let size = newSize(of: &state)
            context.counters.add(state.plan.takeCounts())
            context.shares.set(digest, takes: state.plan.takesShare)
            for case .start(let id, let source, _) in actions {
                state.cancellations[id] = Cancellation()
                state.accounts.asked(source, holders: world.holders, now: .now)
            }
            return (actions, size)
        }
        if let size { spool.note(size: size.0, sizeIsUpstreams: size.isUpstreams) }
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

    /// What is to be noted for an agent after this one.
    private func newSize(of state: inout State) -> (Int64, isUpstreams: Bool)? {
        guard let size = state.plan.size, state.notedSize != size else { return nil }
        state.notedSize = size
        return (size, state.plan.sizeIsUpstreams)
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
            creditPeers()
            let isOver = state.withLock { state -> Bool in
                state.rate.grew(to: state.bytes.fromPeers + state.bytes.upstream, in: Self.tick)
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
                guard idle > Self.lingerFor || state.commitFailed || state.isClosed else { return false }
                state.isClosed = true
                return true
            }
            if isOver { break }
        }
        act.finish()
    }
}

/// Tells work on another thread that nobody waits for it any more.
private final class Flag: Sendable {
    private let state = Atomic(false)

    var isRaised: Bool { state.load(ordering: .relaxed) }

    func raise() { state.store(true, ordering: .relaxed) }
}
