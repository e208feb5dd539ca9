import Discovery
import Integrity
import OCI

/// Fetching a blob while others have it, or want it too. What to ask of whom is decided by ``Swarm``, in whole pieces; here its
/// decisions become runs over what is missing of them.
extension DownloadPlan {
    /// How long a reader waits for a piece that is here to be told what it should be.
    static let frontPatience: Duration = .seconds(4)

    /// Takes up who else has the blob, or wants it.
    mutating func follow(holders: [NodeID], wanters: [NodeID], now: Instant) {
        guard let size, size > 0 else { return }
        if swarm == nil, !holders.isEmpty || !wanters.isEmpty {
            swarm = Swarm(own: own, digest: digest, pieces: Self.pieces(of: size), now: now)
            noteWholePieces()
        }
        swarm?.update(holders: holders, wanters: wanters, now: now)
    }

    /// Nothing is known any more of who has what of the blob.
    mutating func leaveSwarm() {
        swarm = nil
        cursors = [:]
        claims = PieceClaims()
        chainAsked = []
    }

    /// What to do where others have something of the blob.
    /// - Parameter mayGiveUp: whether the download has failed where nothing more can come.
    mutating func swarmActions(now: Instant, hasHolders: Bool, mayGiveUp: Bool) -> [Action] {
        guard let size else { return [] }
        var actions = handOver(now: now, size: size)
        let mayRetry = upstreamRetryAt.map { $0 <= now } ?? true
        if takenOver, canAskUpstream, mayRetry { startUpstream(&actions, now: now) }
        actions += questions(now: now)
        actions += chainQuestion()
        let need = need(size: size, mayRetry: mayRetry, now: now)
        if !need.missing.isEmpty {
            for fetch in swarm?.fetches(need, now: now) ?? [] { actions += begin(fetch, size: size, now: now) }
        }
        actions += remedies(need.missing, size: size, now: now)
        actions += proveFront(size: size, now: now)
        if mayGiveUp, runs.isEmpty, !canAskUpstream, !mayStillCome(need.missing, hasHolders: hasHolders, now: now) {
            actions += exhausted()
        }
        return actions
    }

    // MARK: What is missing

    private func need(size: Int64, mayRetry: Bool, now: Instant) -> Swarm.Need {
        var missing = demand(size: size)
        let order = readers.values.sorted { left, right in
            switch (left.waitingSince, right.waitingSince) {
            case (let one?, let other?): (one, left.position) < (other, right.position)
            case (nil, nil): left.position < right.position
            case (let one, _): one != nil
            }
        }
        missing.subtract(wholePieces(size: size))
        let active = runs.values.filter { !$0.cancelled }
        for run in active {
            let claim = run.claim(size: size)
            let end = min(claim.upperBound, size)
            guard claim.lowerBound < end else { continue }
            missing.subtract(
                PieceSet(
                    Int(claim.lowerBound / Self.pieceSize)..<Int((end + Self.pieceSize - 1) / Self.pieceSize),
                    of: missing.count))
        }
        let next = order.lazy.compactMap { missing.first(atOrAfter: Int($0.position / Self.pieceSize)) }.first
        let hasUpstreamRun = active.contains { $0.source == .upstream }
        return Swarm.Need(
            missing: missing, next: next, transfers: active.count { $0.source != .upstream },
            waits: active.count { $0.waits && !$0.opened },
            upstreamIsFree: canAskUpstream && mayRetry && !hasUpstreamRun && (!ignoresRanges || mayStreamWhole(now))
                && !(upstreamIsCrowded && swarm?.isShared == true))
    }

    /// The pieces that somebody reads, or that are needed before anybody can.
    private func demand(size: Int64) -> PieceSet {
        let count = Self.pieces(of: size)
        guard !readers.values.contains(where: { isWhole($0.intent) }) else { return .all(of: count) }
        var demand = PieceSet(count: count)
        for reader in readers.values {
            let end = demandEnd(reader, size: size)
            guard reader.position < end else { continue }
            demand.insert(Int(reader.position / Self.pieceSize)..<Int((end + Self.pieceSize - 1) / Self.pieceSize))
        }
        // Without a claim to check them by, peers' bytes go out when the whole is right, so the whole is needed for any part.
        return canDoWithout(theRestOf: demand, size: size) ? demand : .all(of: count)
    }

    /// The pieces of which every byte is here, whoever sent it.
    func wholePieces(size: Int64) -> PieceSet {
        var whole = PieceSet(count: Self.pieces(of: size))
        var start: Int64 = 0
        var end: Int64 = 0
        func note() {
            let first = (start + Self.pieceSize - 1) / Self.pieceSize
            let last = end == size ? Int64(whole.count) : end / Self.pieceSize
            if first < last { whole.insert(Int(first)..<Int(last)) }
        }
        for extent in present.extents {
            if extent.range.lowerBound != end {
                note()
                start = extent.range.lowerBound
            }
            end = extent.range.upperBound
        }
        note()
        return whole
    }

    /// Whether what is missing may still come although nothing is under way and upstream cannot be asked.
    private func mayStillCome(_ missing: PieceSet, hasHolders: Bool, now: Instant) -> Bool {
        if missing.isEmpty || !chainAsked.isEmpty && chainIsAwaited { return true }
        if hasHolders, isHopeful(now, for: Self.hope) { return true }
        return isHopeful(now, for: Self.patience) && (swarm?.hasHope(of: missing, now: now) ?? false)
    }

    // MARK: Runs

    private mutating func begin(_ fetch: Swarm.Fetch, size: Int64, now: Instant) -> [Action] {
        let (source, pieces, waits): (Source, Range<Int>, Bool) =
            switch fetch {
            case .peer(let node, let pieces, let waits): (.peer(node), pieces, waits)
            case .upstream(let pieces): (.upstream, pieces, false)
            }
        if source == .upstream, ignoresRanges { return [start(.upstream, 0..<Int64.max, now: now)] }
        let start = Int64(pieces.lowerBound) * Self.pieceSize
        let end = min(size, Int64(pieces.upperBound) * Self.pieceSize)
        if source == .upstream, swarm?.isForeign(pieces.lowerBound) == true { counts.moves += 1 }
        // Who takes a piece from upstream takes all of it: only then can it say for others what the piece is.
        if source == .upstream, swarm?.isShared == true { dropPeersBytes(in: start..<end) }
        guard let gap = present.firstGap(from: start, before: end) else { return [] }
        if case .peer(let node) = source { swarm?.transferBegan(from: node) }
        return [self.start(source, gap.lowerBound..<end, now: now, waits: waits)]
    }

    /// Ends long requests where what comes next is for others to fetch.
    private mutating func handOver(now: Instant, size: Int64) -> [Action] {
        guard swarm?.isShared == true, !takenOver else { return [] }
        var actions: [Action] = []
        for (id, run) in runs where run.opened && !run.cancelled {
            let claimEnd = run.end ?? size
            // What has come to its end closes by itself, and leaves a connection to be used again.
            guard run.position < claimEnd else { continue }
            let piece = Int(run.position / Self.pieceSize)
            let pieceEnd = range(of: piece, size: size).upperBound
            let done = 1 - Double(pieceEnd - run.position) / Double(Self.pieceSize)
            if run.source == .upstream, !ignoresRanges, let last = swarm?.sharedStreamEnd(from: piece),
                Int64(last) * Self.pieceSize < claimEnd
            {
                runs[id]?.end = Int64(last) * Self.pieceSize
            }
            let mayStay: Bool
            let mayGoOn: Bool
            switch run.source {
            case .upstream where ignoresRanges: continue
            case .upstream:
                mayStay = swarm?.maySharedStreamStay(in: piece, done: done, now: now) ?? true
                mayGoOn = claimEnd <= pieceEnd || swarm?.maySharedStreamEnter(piece + 1, now: now) ?? true
            case .peer(let node):
                mayStay = swarm?.maySharedRequestStay(at: node, in: piece, done: done, now: now) ?? true
                mayGoOn = claimEnd <= pieceEnd
            }
            if !mayStay {
                runs[id]?.end = run.position
                runs[id]?.cancelled = true
                counts.moves += 1
                actions.append(.cancel(id))
            } else if !mayGoOn {
                runs[id]?.end = pieceEnd
                counts.moves += 1
            }
        }
        return actions
    }

    /// Asks others for what is late, and gives up what has stalled or has come from another meanwhile.
    private mutating func remedies(_ missing: PieceSet, size: Int64, now: Instant) -> [Action] {
        var actions: [Action] = []
        var underWay: [RunID: Swarm.Transfer] = [:]
        for (id, run) in runs where !run.cancelled {
            guard case .peer(let node) = run.source, run.position < run.end ?? size else { continue }
            if present.contains(run.position..<(run.end ?? size)) {
                runs[id]?.cancelled = true
                actions.append(.cancel(id))
                continue
            }
            let piece = Int(run.position / Self.pieceSize)
            underWay[id] = Swarm.Transfer(
                node: node, piece: piece, beganAt: run.pieceBeganAt, lastByteAt: run.lastByteAt,
                bytes: min(run.received, run.position - Int64(piece) * Self.pieceSize),
                isWaiting: run.waits && !run.opened)
        }
        guard !underWay.isEmpty else { return actions }
        for remedy in swarm?.remedies(for: Array(underWay.values), missing: missing, now: now) ?? [] {
            switch remedy {
            case .abandon(let node, let piece):
                for (id, transfer) in underWay where transfer.node == node && transfer.piece == piece {
                    if let position = runs[id]?.position { runs[id]?.end = position }
                    runs[id]?.cancelled = true
                    runs[id]?.hasStalled = true
                    swarm?.failed(node, now: now)
                    actions.append(.cancel(id))
                }
            case .hedge(let node, let piece):
                counts.hedges += 1
                actions += begin(.peer(node, piece..<piece + 1, waits: false), size: size, now: now)
            }
        }
        return actions
    }

    /// A piece that a reader waits for is here, and nobody can say what it should be: it is taken from upstream, and what it is told to
    /// the others. The first in rank does so first.
    private mutating func proveFront(size: Int64, now: Instant) -> [Action] {
        guard let swarm, swarm.isShared, releasesChecked, canAskUpstream, !ignoresRanges, !takenOver,
            runs.values.count(where: { $0.source == .upstream && !$0.cancelled }) < 2
        else { return [] }
        let patience = Self.frontPatience + .seconds(1) * min(swarm.rank, 8)
        for reader in readers.values where reader.position < size {
            guard let since = reader.waitingSince, since.duration(to: now) >= patience else { continue }
            let piece = Int(reader.position / Self.pieceSize)
            let range = range(of: piece, size: size)
            guard present.contains(range), present.origins(in: range).contains(.peer), claims.claim(of: piece) == nil
            else { continue }
            dropPeersBytes(in: range)
            guard let gap = present.firstGap(from: range.lowerBound, before: range.upperBound) else { continue }
            return [start(.upstream, gap.lowerBound..<range.upperBound, now: now)]
        }
        return []
    }

    private mutating func dropPeersBytes(in range: Range<Int64>) {
        guard present.origins(in: range).contains(.peer) else { return }
        present.remove(range, from: .peer)
        takeBack(range)
        for piece in Int(
            range.lowerBound / Self.pieceSize)..<Int((range.upperBound + Self.pieceSize - 1) / Self.pieceSize)
        {
            writers[piece] = nil
        }
    }

    /// Whether this node is the one that streams from an upstream that only gives everything from the start.
    func mayStreamWhole(_ now: Instant) -> Bool {
        guard let swarm, swarm.isShared else { return true }
        return swarm.isFirst(now) || !isHopeful(now, for: SwarmLimits.stuckAfter)
    }

    /// How long a peer is asked to wait for bytes that are on their way to it; nil where no swarm is told of the request.
    func wait(for id: RunID) -> Duration? {
        guard let swarm, let run = runs[id] else { return nil }
        return run.waits ? SwarmLimits.wait : swarm.isShared ? .zero : nil
    }

    /// What became of a run, for those who choose the next.
    mutating func tellSwarm(of run: Run, _ ending: Ending, now: Instant) {
        guard case .peer(let node) = run.source, swarm != nil else { return }
        swarm?.transferEnded(
            from: node, bytes: run.received, seconds: run.startedAt.duration(to: now) / .seconds(1))
        guard !run.cancelled else { return }
        switch ending {
        case .finished: break
        case .busy(_, let retryAfter, let holders):
            swarm?.wasBusy(node, retryAfter: retryAfter, now: now)
            swarm?.hinted(holders, have: Int(run.position / Self.pieceSize), now: now)
        case .lacks(_, let text):
            let first = Int(run.position / Self.pieceSize)
            let end = run.end.map { Int(($0 + Self.pieceSize - 1) / Self.pieceSize) } ?? first + 1
            var lacking = PieceSet(first..<max(first, end), of: size.map(Self.pieces) ?? 0)
            if let size, let have = PieceSet(text, count: Self.pieces(of: size)) { lacking.subtract(have) }
            for range in lacking.ranges { swarm?.lacked(node, range, now: now) }
        case .broke, .refused, .noSuchRange: swarm?.failed(node, now: now)
        }
    }
}

/// What others say that they have.
extension DownloadPlan {
    private mutating func questions(now: Instant) -> [Action] {
        let nodes = swarm?.questions(now: now) ?? []
        for node in nodes { swarm?.asked(node, now: now) }
        return nodes.map { .ask($0, cursors[$0]) }
    }

    private mutating func chainQuestion() -> [Action] {
        guard releasesChecked, digest.algorithm == .sha256, !claims.hasChain, !chainIsAwaited,
            chainAsked.count < Self.chainQuestions, let size, size > Self.pieceSize,
            let holder = swarm?.holder(besides: chainAsked)
        else { return [] }
        chainAsked.insert(holder)
        chainIsAwaited = true
        return [.askChain(holder)]
    }

    /// A node has told what it has.
    mutating func heard(_ node: NodeID, _ report: PieceReport, now: Instant) {
        if size == nil, phase == .fetching, report.size > 0, Self.isCredible(report.size), believesClaims {
            learnSize(report.size, isUpstreams: false)
            follow(holders: [], wanters: [node], now: now)
        }
        guard let size, report.size == size, let member = swarm?.member(node) else {
            swarm?.failed(node, now: now)
            return
        }
        let pieces = Self.pieces(of: size)
        let isContinued = cursors[node]?.began == report.began && report.since == cursors[node]?.count
        var have = isContinued ? member.have : PieceSet(count: pieces)
        for arrival in report.arrivals where 0..<pieces ~= arrival.piece {
            have.insert(arrival.piece)
            guard let sum = arrival.sum else { continue }
            claims.learn(sum, of: arrival.piece, from: node, origin: arrival.origin)
        }
        // A part of a log whose beginning is not known is read again from there.
        cursors[node] =
            isContinued || report.since == 0
            ? PieceLog.Place(began: report.began, count: report.since + report.arrivals.count) : nil
        swarm?.heard(
            node, have: have, fetching: PieceSet(report.fetching, count: pieces) ?? PieceSet(count: pieces),
            hasUpstream: report.upstream, now: now)
        cursors = cursors.filter { swarm?.follows($0.key) == true }
    }

    /// A node that was asked what it has did not say.
    mutating func notHeard(_ node: NodeID, now: Instant) {
        swarm?.failed(node, now: now)
    }

    /// A holder has given its chain, or has none.
    mutating func chainAnswered(_ chain: HashChain?, by node: NodeID) {
        chainIsAwaited = false
        guard let chain, chain.digest == digest, chain.size == size else { return }
        _ = claims.learn(chain, from: node)
    }

    /// What others may be told; nil while there is nothing to tell.
    func report(since place: PieceLog.Place?, now: Instant) -> PieceReport? {
        guard let size, size > 0 else { return nil }
        var fetching = PieceSet(count: Self.pieces(of: size))
        for run in runs.values where run.source == .upstream && !run.cancelled && run.position < size {
            let piece = Int(run.position / Self.pieceSize)
            let end = Int(((run.end ?? size) + Self.pieceSize - 1) / Self.pieceSize)
            // Of a stream of the whole blob only what it will bring if others want the blob, too.
            fetching.insert(piece..<min(end, (piece / Ownership.run + 1) * Ownership.run))
        }
        let streams = runs.values.contains { $0.source == .upstream && !$0.cancelled }
        let isActive = phase == .fetching && isWanted
        return log.report(
            since: place, size: size, fetching: fetching,
            upstream: isActive && canAskUpstream && (!ignoresRanges || streams) && (streams || !upstreamIsCrowded)
                && swarm?.offersUpstream(now) ?? true)
    }

    /// Whether a peer may have bytes from an offset on now, and up to where; or may wait for them.
    enum Offer: Equatable, Sendable {
        case ready(upTo: Int64)
        case coming
        case absent
    }

    /// What this node can give of a range: whole pieces, and what is streaming in from upstream.
    func offer(_ range: Range<Int64>) -> Offer {
        guard let size, range.upperBound <= size else { return .absent }
        if phase == .verified { return .ready(upTo: range.upperBound) }
        let offset = range.lowerBound
        var end = offset
        while end < range.upperBound, log.contains(Int(end / Self.pieceSize)) {
            end = self.range(of: Int(end / Self.pieceSize), size: size).upperBound
        }
        if end < range.upperBound { end = max(end, present.end(from: end, where: { $0 == .upstream })) }
        if end > offset { return .ready(upTo: min(end, range.upperBound)) }
        return runs.values.contains { run in
            run.source == .upstream && run.opened && !run.cancelled
                && run.claim(size: size).contains(offset)
                && offset - run.position < Int64(Ownership.run) * Self.pieceSize
        } ? .coming : .absent
    }

    /// The pieces that others can have here.
    var offeredPieces: PieceSet? {
        guard let size, size > 0 else { return nil }
        var pieces = PieceSet(count: Self.pieces(of: size))
        for arrival in log.arrivals { pieces.insert(arrival.piece) }
        return pieces
    }
}
