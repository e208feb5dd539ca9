package import Discovery

/// What to fetch, and from which peer.
extension Swarm {
    /// What is to be done, and what stands in the way.
    package struct Need: Sendable {
        /// Pieces that are wanted, not here, and not on their way.
        package var missing: PieceSet
        /// The piece that a reader waits for next.
        package var next: Int?
        /// Transfers from peers under way, and those of them that wait for a piece to arrive at the peer.
        package var transfers: Int
        package var waits: Int
        /// Whether upstream can be asked for one more range now.
        package var upstreamIsFree: Bool

        package init(missing: PieceSet, next: Int?, transfers: Int, waits: Int, upstreamIsFree: Bool) {
            self.missing = missing
            self.next = next
            self.transfers = transfers
            self.waits = waits
            self.upstreamIsFree = upstreamIsFree
        }
    }

    package enum Fetch: Equatable, Sendable {
        /// Ask a peer for adjacent pieces; where it is still getting them, let it answer when they come.
        case peer(NodeID, Range<Int>, waits: Bool)
        case upstream(Range<Int>)
    }

    /// What to fetch now. Who asks twice without news in between gets the same twice: tell what was begun first.
    package mutating func fetches(_ need: Need, now: Instant) -> [Fetch] {
        var need = need
        var fetches: [Fetch] = []
        var begun: [Int] = []
        while need.transfers < SwarmLimits.transfers, !need.missing.isEmpty,
            let (index, range, waits) = nextFromPeers(need, now: now)
        {
            need.missing.remove(range)
            need.transfers += 1
            need.waits += waits ? 1 : 0
            roster.change(index) { $0.transfers += 1 }
            begun.append(index)
            fetches.append(.peer(roster.members[index].node, range, waits: waits))
        }
        // The shell tells when it begins them.
        for index in begun { roster.change(index) { $0.transfers -= 1 } }
        if need.upstreamIsFree, !need.missing.isEmpty, let range = nextFromUpstream(need, now: now) {
            fetches.append(.upstream(range))
        }
        return fetches
    }

    private mutating func nextFromPeers(
        _ need: Need, now: Instant
    ) -> (index: Int, pieces: Range<Int>, waits: Bool)? {
        if let piece = nextThere(need, now: now) {
            guard let index = better(having: piece, now: now) else { return nil }
            return (index, piece..<end(of: piece, need, at: index), false)
        }
        guard need.waits < SwarmLimits.waits else { return nil }
        return nextComing(need, now: now).map { ($0.index, $0.piece..<$0.piece + 1, true) }
    }

    /// Whether one more piece can be asked of a member now.
    func isOpen(_ member: SwarmMember, _ now: Instant) -> Bool {
        member.transfers < (isShared ? 1 : SwarmLimits.transfersOfMember) && member.isFree(now)
    }

    /// Whether the holders are so few that what they give is to be given once: it is divided as upstream's pieces are, and what
    /// others have is asked of those.
    var holdersAreFew: Bool {
        isShared && roster.holders * SwarmLimits.transfers < wanters.count + 1
    }

    /// The piece that is to come next from somebody who has it.
    private mutating func nextThere(_ need: Need, now: Instant) -> Int? {
        var reachable = PieceSet(count: pieces)
        var holderIsOpen = false
        for member in roster.members where isOpen(member, now) {
            if member.isHolder { holderIsOpen = true } else { reachable.formUnion(member.have) }
        }
        reachable.formIntersection(need.missing)
        guard holderIsOpen else { return rarest(of: reachable, need) }
        guard holdersAreFew else { return rarest(of: need.missing, need) }
        let division = division(now)
        var share = PieceSet(count: pieces)
        need.missing.forEach { piece in
            if roster.counts[piece] == 0, division.owner(of: piece) == own { share.insert(piece) }
        }
        if let piece = rarest(of: share, need) ?? rarest(of: reachable, need) { return piece }
        // Whose share it is does not seem to come to it.
        guard need.transfers == 0, progressAt.duration(to: now) >= SwarmLimits.shareNeglected else { return nil }
        return rarest(of: need.missing, need)
    }

    /// The division of what only a few holders have.
    private func division(_ now: Instant) -> Ownership {
        let able = candidates.filter { node in
            guard node != own, let index = roster.index(of: node) else { return true }
            return !roster.members[index].isHolder && roster.members[index].isReliable(now)
        }
        return Ownership(seed: seed, ranked: able)
    }

    /// Of these pieces the one that the fewest have; among equals the reader's next, or any.
    private mutating func rarest(of reachable: PieceSet, _ need: Need) -> Int? {
        guard let first = reachable.first else { return nil }
        let next = need.next.flatMap { reachable.contains($0) ? $0 : nil }
        // Nobody else is after the blob: what is read first comes first.
        guard isShared else { return next ?? first }
        var least = Int32.max
        var ties: UInt64 = 0
        var chosen = first
        let throwOfDice = dice.next()
        reachable.forEach { piece in
            let count = roster.counts[piece]
            if count < least {
                (least, ties, chosen) = (count, 1, piece)
            } else if count == least {
                ties += 1
                // Each of the equals is as likely as the others.
                if Ownership.mix(throwOfDice ^ UInt64(piece)) % ties == 0 { chosen = piece }
            }
        }
        if let next, roster.counts[next] == least, Int(least) + roster.holders > 1 { return next }
        return chosen
    }

    /// Of two at random that have a piece the less busy, or the faster of equals (power of two choices).
    mutating func better(having piece: Int, besides other: NodeID? = nil, now: Instant) -> Int? {
        var picks: (one: Int?, other: Int?) = (nil, nil)
        var seen: UInt64 = 0
        // A holder that everybody depends on gives what only it has.
        let sparesHolders = holdersAreFew && roster.counts[piece] > 0
        for index in roster.members.indices {
            let member = roster.members[index]
            guard member.have.contains(piece), member.node != other, isOpen(member, now) else { continue }
            if member.isHolder, sparesHolders { continue }
            seen += 1
            if seen <= 2 {
                picks = (index, picks.one)
            } else {
                switch dice.next() % seen {
                case 0: picks.one = index
                case 1: picks.other = index
                default: break
                }
            }
        }
        guard let one = picks.one else { return nil }
        guard let two = picks.other else { return one }
        let (left, right) = (roster.members[one], roster.members[two])
        if left.transfers != right.transfers { return left.transfers < right.transfers ? one : two }
        let (leftRate, rightRate) = (left.rate ?? .infinity, right.rate ?? .infinity)
        if leftRate == rightRate { return dice.next() & 1 == 0 ? one : two }
        return leftRate > rightRate ? one : two
    }

    /// Adjacent pieces in one request: many where the blob is only read, one where it is shared meanwhile, so that pieces spread. Of several
    /// holders each gets a part of what is missing, the smaller the less that is, so that a slow one does not have much of it at the end.
    private func end(of piece: Int, _ need: Need, at index: Int) -> Int {
        guard !isShared else { return piece + 1 }
        let member = roster.members[index]
        let most =
            roster.holders == 1
            ? pieces
            : min(
                SwarmLimits.longRequest,
                max(2, need.missing.population / (2 * min(max(1, roster.holders), SwarmLimits.transfers))))
        var end = piece + 1
        while end < pieces, end - piece < most, need.missing.contains(end), member.have.contains(end) { end += 1 }
        return end
    }

    /// Nobody has what is missing: a piece that is coming to somebody, to be waited for there. Any of them, so that not all wait
    /// for the same.
    private mutating func nextComing(_ need: Need, now: Instant) -> (index: Int, piece: Int)? {
        var chosen: (index: Int, piece: Int)?
        var seen: UInt64 = 0
        for index in roster.members.indices {
            let member = roster.members[index]
            guard member.transfers == 0, member.isReliable(now), member.isFree(now),
                let piece = member.fetching.firstCommon(with: need.missing)
            else { continue }
            seen += 1
            if dice.next() % seen == 0 { chosen = (index, piece) }
        }
        return chosen
    }

    // MARK: A request that runs already

    /// Where a request to a peer that is at a piece is to end, now that others may want the blob too.
    package func sharedRequestEnd(from piece: Int) -> Int {
        isShared ? piece + 1 : pieces
    }

    /// Whether a request to a peer may stay in a piece, now that others may want the blob too: of the only holder each asks for its
    /// own share.
    /// - Parameter done: how much of the piece has come, from 0 to 1.
    package func maySharedRequestStay(at node: NodeID, in piece: Int, done: Double, now: Instant) -> Bool {
        guard done < 0.25, holdersAreFew, let index = roster.index(of: node), roster.members[index].isHolder else {
            return true
        }
        return division(now).owner(of: piece) == own
    }
}
