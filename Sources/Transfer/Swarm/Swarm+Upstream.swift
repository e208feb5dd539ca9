import Discovery

/// What this node fetches from upstream.
extension Swarm {
    /// Whether a holder of the whole blob can be asked.
    func hasHolder(_ now: Instant) -> Bool {
        roster.holders > 0 && roster.members.contains { $0.isHolder && $0.isUsable(now) }
    }

    /// This node's next share of what nobody has, or anything once nothing else helps.
    mutating func nextFromUpstream(_ need: Need, now: Instant) -> Range<Int>? {
        ownPiece = nil
        chosen = nil
        let isStuck = isStuck(now)
        if hasHolder(now), !isStuck { return nil }
        let free = unclaimed(of: need.missing, now)
        if !isStuck, !isShared {
            guard let first = free.first(atOrAfter: need.next ?? 0) else { return nil }
            var end = first + 1
            while end < pieces, free.contains(end) { end += 1 }
            return first..<end
        }
        if isStuck {
            isVolunteer = true
            chosen = forItself(of: free.isEmpty ? need.missing : free, need.next)
        } else if isVolunteer, !free.isEmpty {
            chosen = forItself(of: free, need.next)
        } else if rank < 2 * Ownership.fetchers, !isNewcomer(now) {
            chosen = nextOfShare(free, from: need.next ?? 0, now: now)
        }
        return chosen
    }

    /// Of some pieces those that nobody who answers has or fetches.
    private func unclaimed(of missing: PieceSet, _ now: Instant) -> PieceSet {
        var free = missing
        let slowAfter = slowAfter
        for member in roster.members where member.isReliable(now) {
            free.subtract(member.have)
            if member.isOwner(now, slowAfter: slowAfter) { free.subtract(member.fetching) }
        }
        return free
    }

    /// Those among whom upstream's pieces are divided, in the order of their ranks.
    private func owners(_ now: Instant) -> [NodeID] {
        let slowAfter = slowAfter
        let able = candidates.filter { node in
            if node == own { return offersUpstream(now) }
            return roster.index(of: node).map { roster.members[$0].isOwner(now, slowAfter: slowAfter) } ?? true
        }
        return able.isEmpty ? [own] : Array(able.prefix(Ownership.fetchers))
    }

    /// Whether this node fetches its share from upstream, as far as it can: what it is to say in its reports. Not while its way to
    /// upstream was found to be much slower than the others'.
    package func offersUpstream(_ now: Instant) -> Bool {
        ownSlowUntil.map { $0 <= now } ?? true
    }

    private func nextOfShare(_ free: PieceSet, from next: Int, now: Instant) -> Range<Int>? {
        let owners = owners(now)
        let ownership = Ownership(seed: seed, ranked: owners)
        var first: Int?
        // What others have left to fetch of their shares, and how much of that comes before the runs that are the next in rank's, this node.
        var left = [Int](repeating: 0, count: owners.count)
        var ends: [(piece: Int, owner: Int, before: Int)] = []
        free.forEach { piece in
            let ranks = ownership.owners(of: piece)
            if ranks.first == own {
                if first == nil || (piece >= next && first ?? 0 < next) { first = piece }
            } else if first == nil, let index = owners.firstIndex(where: { $0 == ranks.first }) {
                if ranks.second == own, ends.last?.piece ?? -1 < piece / Ownership.run * Ownership.run {
                    ends.append((piece, index, left[index]))
                }
                left[index] += 1
            }
        }
        if let first { return run(from: first, free) }
        // This node has nothing left of its own.
        if let end = ends.last(where: { mayTakeOver(from: owners[$0.owner], before: $0.before) }) {
            return run(from: end.piece, free)
        }
        // And what is left to one who does not fetch is the next in rank's who does.
        let active = Ownership(seed: seed, ranked: owners.filter { $0 == own || !isIdle($0, now) })
        return free.firstPiece { active.owner(of: $0) == own }.flatMap { run(from: $0, free) }
    }

    /// Whether a run can be taken from its owner: what is known of it is a moment old, and in that it must not come there itself.
    /// - Parameter before: how many pieces the owner has to begin before.
    private func mayTakeOver(from owner: NodeID, before: Int) -> Bool {
        let ahead = before + max(0, (roster[owner]?.fetching.population ?? 0) - 1)
        return ahead >= Ownership.run - 1 && Double(ahead) * (upstreamPieceTime ?? 0) > SwarmLimits.takeoverAbove
    }

    private func isIdle(_ node: NodeID, _ now: Instant) -> Bool {
        guard let member = roster[node] else { return false }
        return member.fetching.isEmpty && member.fetchingSince.duration(to: now) >= SwarmLimits.ownerPatience
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
                !$0.fetching.isEmpty && $0.isOwner(now, slowAfter: slowAfter)
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
        return !unclaimed(of: free, now).isEmpty && isMine(piece, now)
    }

    /// Whether upstream's stream may stay in a piece that it has entered, now that others want the blob too: to be asked whenever the
    /// wanters change or a member was heard. A piece of which much is here already is finished, whoever's share it is: the others
    /// see that it is being fetched. A stream that is much slower than the others' is left to them.
    /// - Parameter done: how much of the piece has come, from 0 to 1.
    package mutating func maySharedStreamStay(in piece: Int, done: Double, now: Instant) -> Bool {
        if ownPiece?.piece != piece { ownPiece = (piece, now) }
        guard isShared else { return true }
        if roster.members.contains(where: { $0.isReliable(now) && $0.have.contains(piece) }) { return false }
        if isSlow(done, now) {
            ownSlowUntil = now + SwarmLimits.slowFor
            chosen = nil
            return isMine(piece, now)
        }
        return done >= 0.25 || isMine(piece, now)
    }

    /// Whether a piece is this node's to fetch: it was chosen for it, or is its share.
    private func isMine(_ piece: Int, _ now: Instant) -> Bool {
        if let chosen, chosen.contains(piece) { return true }
        return Ownership(seed: seed, ranked: owners(now)).owner(of: piece) == own
    }

    private func isSlow(_ done: Double, _ now: Instant) -> Bool {
        guard let ownPiece, let upstreamPieceTime else { return false }
        let elapsed = ownPiece.since.duration(to: now)
        guard elapsed >= SwarmLimits.ownerPatience else { return false }
        return elapsed / .seconds(1) > SwarmLimits.slowness * upstreamPieceTime * max(done, 0.01)
    }

    /// Where upstream's stream, begun for the whole blob, is to end now that others want the blob too: with the run of pieces that
    /// it is in. What comes after is nobody's yet.
    package func sharedStreamEnd(from piece: Int) -> Int {
        isShared ? min(pieces, (piece / Ownership.run + 1) * Ownership.run) : pieces
    }
}
