import Discovery

/// What this node fetches from upstream.
extension Swarm {
    /// Whether a holder of the whole blob can be asked.
    func hasHolder(_ now: Instant) -> Bool {
        roster.holders > 0 && roster.members.contains { $0.isHolder && $0.isUsable(now) }
    }

    /// This node's next share of what nobody has, or anything once nothing else helps.
    mutating func nextFromUpstream(_ need: Need, now: Instant) -> Range<Int>? {
        let isStuck = isStuck(now)
        if hasHolder(now), !isStuck { return nil }
        let free = unclaimed(of: need.missing, now)
        if isStuck { return forItself(of: free.isEmpty ? need.missing : free, need.next) }
        guard isShared else {
            guard let first = free.first(atOrAfter: need.next ?? 0) else { return nil }
            var end = first + 1
            while end < pieces, free.contains(end) { end += 1 }
            return first..<end
        }
        guard rank < 2 * Ownership.fetchers, !isNewcomer(now) else { return nil }
        return nextOfShare(free, from: need.next ?? 0, now: now)
    }

    /// Of some pieces those that nobody who answers has or fetches.
    private func unclaimed(of missing: PieceSet, _ now: Instant) -> PieceSet {
        var free = missing
        for member in roster.members where member.isReliable(now) {
            free.subtract(member.have)
            if member.isOwner(now, pieceTime: upstreamPieceTime) { free.subtract(member.fetching) }
        }
        return free
    }

    /// The division of upstream's pieces among those who can fetch them.
    private func ownership(_ now: Instant) -> Ownership {
        let able = candidates.filter { node in
            node == own || roster[node].map { $0.isOwner(now, pieceTime: upstreamPieceTime) } ?? true
        }
        return Ownership(of: digest, ranked: able)
    }

    private func nextOfShare(_ free: PieceSet, from next: Int, now: Instant) -> Range<Int>? {
        let ownership = ownership(now)
        // The end of another's share, where that other has much left to do, is the next in rank's who has nothing left.
        var left: [NodeCount] = []
        var others: [(piece: Int, owner: Int)] = []
        var first: Int?
        var piece = free.first(atOrAfter: next)
        var visited = 0
        let population = free.population
        while let current = piece, visited < population {
            visited += 1
            let owners = ownership.owners(of: current)
            if owners.first == own {
                first = current
                break
            }
            if let owner = owners.first {
                let index = left.firstIndex { $0.node == owner } ?? left.endIndex
                if index == left.endIndex { left.append(NodeCount(node: owner, count: 0)) }
                left[index].count += 1
                if owners.second == own { others.append((current, index)) }
            }
            piece = free.first(atOrAfter: current + 1)
        }
        if let first { return run(from: first, free) }
        guard let last = others.last(where: { left[$0.owner].count > 2 * Ownership.run }) else { return nil }
        return run(from: last.piece / Ownership.run * Ownership.run, free)
    }

    private func run(from piece: Int, _ free: PieceSet) -> Range<Int>? {
        guard let first = free.first(atOrAfter: piece), first >= piece else { return nil }
        var end = first + 1
        while end < pieces, end % Ownership.run != 0, free.contains(end) { end += 1 }
        return first..<end
    }

    /// Whether this node came to a swarm that may already have what it would fetch, and has not been told yet.
    private func isNewcomer(_ now: Instant) -> Bool {
        guard beganAt.duration(to: now) < SwarmLimits.newcomerPatience else { return false }
        return roster.members.contains { !$0.isHolder && $0.heardAt == nil && $0.isUsable(now) }
    }

    // MARK: When nothing else helps

    /// Whether nothing has come for so long that this node helps itself. Where others are seen to be fetching it waits for longer.
    private func isStuck(_ now: Instant) -> Bool {
        let silence = progressAt.duration(to: now)
        guard silence >= SwarmLimits.stuckAfter else { return false }
        let turn = SwarmLimits.stuckPerRank * min(rank, SwarmLimits.stuckRanks)
        guard silence < SwarmLimits.stuckAmongFetchers + turn else { return true }
        return silence >= SwarmLimits.stuckAfter + turn
            && !roster.members.contains {
                !$0.fetching.isEmpty && $0.isOwner(now, pieceTime: upstreamPieceTime)
            }
    }

    private mutating func forItself(of pieces: PieceSet, _ next: Int?) -> Range<Int>? {
        // Many may be stuck at once: each with another piece, they help each other.
        let from = isShared ? Int(dice.next() % UInt64(max(1, pieces.count))) : next ?? 0
        return pieces.first(atOrAfter: from).map { $0..<$0 + 1 }
    }

    // MARK: A stream that runs already

    /// Whether upstream's stream may go on into a piece: it is this node's share, and nobody else has it or fetches it.
    package func maySharedStreamEnter(_ piece: Int, now: Instant) -> Bool {
        guard isShared else { return true }
        guard !hasHolder(now) else { return false }
        var free = PieceSet(count: pieces)
        free.insert(piece)
        return !unclaimed(of: free, now).isEmpty && ownership(now).owner(of: piece) == own
    }

    /// Whether upstream's stream may stay in a piece that it has entered, now that others want the blob too. A piece of which much
    /// is here already is finished, whoever's share it is: the others see that it is being fetched.
    /// - Parameter done: how much of the piece has come, from 0 to 1.
    package func maySharedStreamStay(in piece: Int, done: Double, now: Instant) -> Bool {
        guard isShared else { return true }
        if roster.members.contains(where: { $0.isReliable(now) && $0.have.contains(piece) }) { return false }
        if done >= 0.25 { return true }
        return !hasHolder(now) && ownership(now).owner(of: piece) == own
    }

    private struct NodeCount {
        var node: NodeID
        var count: Int
    }
}
