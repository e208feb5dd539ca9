import Discovery

/// What to do next.
extension DownloadPlan {
    /// Decides what to start and stop. Called again without news it starts nothing twice; a cancellation may be repeated.
    mutating func evaluate(now: Instant, world: World) -> [Action] {
        schedule(now: now, world: world) + checks(now: now)
    }

    private mutating func schedule(now: Instant, world: World) -> [Action] {
        var actions = runs.filter { $0.value.cancelled }.map { Action.cancel($0.key) }
        guard phase == .fetching else { return actions }
        canAskUpstream = world.upstreamUsable && upstreamRefusal == nil
        upstreamIsCrowded = world.upstreamIsCrowded
        if canAskUpstream {
            nobodyProves = false
        } else {
            // A slow peer is better than none.
            peersTooSlow = false
            nobodyProves = nobodyProves || isPatienceOver(now)
        }
        takeClaimedSize(world)
        let peers = peersTooSlow ? [] : world.holders.filter { !excludedPeers.contains($0) }
        let others = world.wanters.filter { !excludedPeers.contains($0) }
        follow(holders: peers, wanters: others, now: now)
        if progressAt == nil { progressAt = now }
        guard !isComplete else { return actions }
        if canAskUpstream, isPatienceOver(now) { takenOver = true }
        let lacks = readers.values.contains { wants($0) != nil }
        if size != nil, swarm?.isEmpty == false, lacks || isHeldUp {
            let mayGiveUp = lacks || !isHopeful(now, for: Self.hope)
            actions += swarmActions(now: now, hasHolders: !peers.isEmpty, mayGiveUp: mayGiveUp)
            return actions
        }
        guard lacks else { return actions }
        if world.expectsOthers, runs.isEmpty, peers.isEmpty { return actions }
        let hasUpstreamRun = runs.contains { $0.value.source == .upstream && !$0.value.cancelled }
        let hasPeerRun = runs.contains { $0.value.source != .upstream }
        if !hasUpstreamRun, !hasPeerRun, let peer = peers.first {
            actions.append(startPeer(peer, now: now))
        } else if canAskUpstream, takenOver || hasUpstreamRun || !hasPeerRun {
            if let retry = upstreamRetryAt, retry > now { return actions }
            startUpstream(&actions, now: now)
        } else if size == nil, !hasPeerRun {
            actions += sizeQuestions(others, now: now)
        }
        let patience = size == nil ? Self.sizePatience : Self.patience
        if runs.isEmpty, others.isEmpty || !isHopeful(now, for: patience) { actions += exhausted() }
        return actions
    }

    /// Others who want the blob are asked how long it is, a few at a time and in turn. Their answers lead here again, so that what was
    /// asked lately must count: else each answer would be more questions.
    private mutating func sizeQuestions(_ others: [NodeID], now: Instant) -> [Action] {
        guard !others.isEmpty, sizeAskedAt.map({ $0.duration(to: now) >= SwarmLimits.askingSize }) ?? true else {
            return []
        }
        sizeAskedAt = now
        let count = min(SwarmLimits.questions, others.count)
        let asked = (0..<count).map { others[(sizeQuestionsAsked + $0) % others.count] }
        sizeQuestionsAsked += count
        return asked.map { .ask($0, nil) }
    }

    /// Others have the blob, or parts of it: their word is good enough to begin with, upstream's counts when it comes.
    /// But that it is empty is for the answer to a request to say: nothing would come that could show a lie.
    private mutating func takeClaimedSize(_ world: World) {
        guard size == nil, let claimed = world.claimedSize, claimed > 0, Self.isPossible(claimed), believesClaims,
            runs.isEmpty
        else { return }
        learnSize(claimed, isUpstreams: false)
    }

    mutating func noteProgress(_ bytes: Int64, now: Instant) {
        sinceProgress += bytes
        guard sinceProgress >= Self.leastProgress else { return }
        sinceProgress = 0
        progressAt = now
    }

    /// Whether something has come lately, so that those who have nothing to give now may have something soon.
    func isHopeful(_ now: Instant, for patience: Duration) -> Bool {
        progressAt.map { $0.duration(to: now) < patience } ?? true
    }

    /// Whether a reader waits for bytes that are here: they may go once others have told what they should be.
    private var isHeldUp: Bool { readers.values.contains { $0.waitingSince != nil && wants($0) == nil } }

    /// Whether a run is under way that will soon bring what a reader waits for, so that there is nothing to decide.
    func isServed(_ id: ReaderID) -> Bool {
        guard let position = readers[id]?.position else { return true }
        return isComplete
            || runs.values.contains { run in
                !run.cancelled && run.claim(size: size).contains(position)
                    && position - run.position < Self.splitDistance
            }
    }

    /// Whether a reader has waited too long for bytes that are here and may not go out, or for anything to come at all. In a swarm the
    /// bytes that are read first may come late, among many others: then it is the swarm that is waited for.
    func isPatienceOver(_ now: Instant) -> Bool {
        readers.values.contains { reader in
            guard let since = reader.waitingSince, since.duration(to: now) >= Self.patience else { return false }
            guard let size, reader.position < size else { return true }
            let piece = range(of: Int(reader.position / Self.pieceSize), size: size)
            let isProvedAlone = swarm?.isShared == true && releasesChecked
            return present.contains(reader.position..<piece.upperBound) && !isProvedAlone
                || !isHopeful(now, for: Self.patience)
        }
    }

    /// Whether these pieces can go to readers without the rest of the blob: they are here and may go, it is known what they should be, or
    /// somebody may still show it, who has them from upstream, or this node.
    func canDoWithout(theRestOf pieces: PieceSet, size: Int64) -> Bool {
        if chainIsAwaited { return true }
        if let swarm, swarm.isShared, canAskUpstream || swarm.mayAskUpstream && !nobodyProves { return true }
        let free = present.only(mayGo)
        return pieces.ranges.joined().allSatisfy {
            claims.claim(of: $0) != nil || free.contains(range(of: $0, size: size))
        }
    }

    /// What of the blob counts as here for a reader: a peer's bytes do if they will be verified with the whole blob.
    func coverage(for reader: Reader) -> ExtentMap {
        takenOver || !isWhole(reader.intent) && !canCheck ? present.only(mayGo) : present
    }

    /// The first range that must still come before a reader has all that it came for.
    func wants(_ reader: Reader, besides claims: ExtentMap = ExtentMap()) -> Range<Int64>? {
        guard let size else { return claims.firstGap(from: 0, before: .max) }
        var covered = coverage(for: reader)
        for claim in claims.extents { covered.insert(claim.range, from: .upstream) }
        if let gap = covered.firstGap(from: reader.position, before: demandEnd(reader, size: size)) { return gap }
        guard isWhole(reader.intent) else { return nil }
        // The rest of a whole blob that is read from the middle: needed for the digest.
        return covered.firstGap(from: 0, before: size)
    }

    private mutating func startPeer(_ peer: NodeID, now: Instant) -> Action {
        // Peers' bytes are released by the whole digest, so the whole blob is wanted whatever the readers came for.
        let gap = size.flatMap { present.firstGap(from: 0, before: $0) } ?? 0..<Int64.max
        return start(.peer(peer), gap, now: now)
    }

    mutating func startUpstream(_ actions: inout [Action], now: Instant) {
        guard let size, !ignoresRanges else {
            // One plain request tells the size, and is all that an upstream without ranges understands.
            if runs.isEmpty { actions.append(start(.upstream, upstreamStart..<Int64.max, now: now)) }
            return
        }
        while runs.count(where: { $0.value.source == .upstream }) < Self.upstreamRuns,
            let range = nextUpstreamRange(size: size, &actions)
        {
            actions.append(start(.upstream, range, now: now))
        }
    }

    /// What upstream is to be asked for next: what the reader that has waited longest needs first.
    private mutating func nextUpstreamRange(size: Int64, _ actions: inout [Action]) -> Range<Int64>? {
        var claims = ExtentMap()
        for run in runs.values { claims.insert(run.claim(size: size), from: .upstream) }
        let order = readers.values.sorted {
            switch ($0.waitingSince, $1.waitingSince) {
            case (let left?, let right?): (left, $0.position) < (right, $1.position)
            case (nil, nil): $0.position < $1.position
            case (let left, _): left != nil
            }
        }
        if takenOver {
            for reader in order where reader.waitingSince != nil && reader.position < size {
                dropSlowPeer(near: reader.position, size: size, &actions)
            }
        }
        for reader in order {
            guard let gap = wants(reader, besides: claims) else { continue }
            return bounded(widened(gap, beside: claims, reader, size: size))
        }
        for reader in order where reader.waitingSince != nil {
            if let range = split(for: reader, size: size) { return range }
        }
        return nil
    }

    /// Cuts the claim of a run that is far behind a waiting reader, so that the reader's bytes can be asked for now.
    ///
    /// What the cut run's connection has in its buffers is lost, so that this is done a few times only.
    private mutating func split(for reader: Reader, size: Int64) -> Range<Int64>? {
        let position = reader.position
        guard splits < Self.splitLimit,
            let (id, run) = runs.first(where: { $0.value.claim(size: size).contains(position) }), !run.cancelled,
            run.source == .upstream, !coverage(for: reader).contains(position..<position + 1)
        else { return nil }
        let cut = position / Self.pieceSize * Self.pieceSize
        guard cut - run.position >= Self.splitDistance,
            let gap = coverage(for: reader).firstGap(from: cut, before: run.end ?? size), gap.lowerBound <= position
        else { return nil }
        runs[id]?.end = cut
        splits += 1
        return gap
    }

    /// Leaves something for the other runs where other readers wait far ahead: a request that ends by itself wastes nothing.
    private func bounded(_ range: Range<Int64>) -> Range<Int64> {
        let far = range.lowerBound + Self.splitDistance
        guard far < range.upperBound,
            readers.values.contains(where: { $0.waitingSince != nil && (far..<range.upperBound).contains($0.position) })
        else { return range }
        let share = max(Self.splitDistance, Int64(range.count) / Int64(Self.upstreamRuns))
        let end = (range.lowerBound + share + Self.pieceSize - 1) / Self.pieceSize * Self.pieceSize
        return range.lowerBound..<min(end, range.upperBound)
    }

    /// A peer that the reader of upstream's bytes has caught up with is too slow: upstream takes its place.
    private mutating func dropSlowPeer(near position: Int64, size: Int64, _ actions: inout [Action]) {
        let reach = position..<position + Self.pieceSize
        for (id, run) in runs where run.source != .upstream && !run.cancelled && run.claim(size: size).overlaps(reach) {
            runs[id]?.cancelled = true
            runs[id]?.hasStalled = true
            peersTooSlow = true
            actions.append(.cancel(id))
        }
    }

    /// Grows a gap to whole pieces and over the demand that follows it, as far as nothing is here or claimed.
    private func widened(_ gap: Range<Int64>, beside claims: ExtentMap, _ reader: Reader, size: Int64) -> Range<Int64> {
        var covered = coverage(for: reader)
        for claim in claims.extents { covered.insert(claim.range, from: .upstream) }
        var demand = ExtentMap()
        for other in readers.values where other.position < demandEnd(other, size: size) {
            demand.insert(other.position..<demandEnd(other, size: size), from: .upstream)
        }
        let floor = covered.extents.last { $0.range.upperBound <= gap.lowerBound }?.range.upperBound ?? 0
        let start = max(floor, gap.lowerBound / Self.pieceSize * Self.pieceSize)
        let wanted = max(demand.end(from: gap.lowerBound), gap.upperBound)
        let pieceEnd = min(size, (wanted + Self.pieceSize - 1) / Self.pieceSize * Self.pieceSize)
        return start..<(covered.firstGap(from: gap.lowerBound, before: pieceEnd)?.upperBound ?? gap.upperBound)
    }

    func demandEnd(_ reader: Reader, size: Int64) -> Int64 {
        switch reader.intent {
        case .toEnd: size
        case .closed(let range): min(range.upperBound, size)
        }
    }

    mutating func start(_ source: Source, _ range: Range<Int64>, now: Instant, waits: Bool = false) -> Action {
        let id = nextRun
        nextRun += 1
        let reachesEnd = range.upperBound == .max
        runs[id] = Run(
            source: source, position: range.lowerBound, end: reachesEnd ? nil : range.upperBound, startedAt: now,
            pieceBeganAt: now, lastByteAt: now, waits: waits)
        if range.lowerBound == 0, reachesEnd || range.upperBound == size {
            runs[id]?.end = nil
            return .start(id, source, nil)
        }
        return .start(id, source, range)
    }

    mutating func exhausted() -> [Action] {
        switch askedLAN {
        case .notAsked:
            askedLAN = .asking
            return [.askLAN]
        case .asking:
            return []
        case .answered:
            let reasons = [upstreamRefusal ?? lastFailure].compactMap(\.self)
            let why =
                reasons.isEmpty ? "no peer has it and there is no upstream to ask" : reasons.joined(separator: "; ")
            phase = .failed(.notFound, "no source is left for the blob: \(why)")
            return []
        }
    }
}
