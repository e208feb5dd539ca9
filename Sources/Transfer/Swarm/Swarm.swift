package import Discovery
package import OCI

/// Which piece of a blob to ask of whom, while others want the blob too: decisions without I/O and without a clock.
///
/// Works on whole pieces; how their bytes arrive is the business of `DownloadPlan`. The same code runs in the simulation.
package struct Swarm: Sendable {
    package typealias Instant = ContinuousClock.Instant

    let own: NodeID
    let digest: Digest
    let pieces: Int
    private(set) package var members: [NodeID: SwarmMember] = [:]
    /// Others who want the blob; members or not.
    private(set) var wanters: Set<NodeID> = []
    private var generator: PieceDice
    private let beganAt: Instant
    /// When a piece last came, from whomever.
    private var progressAt: Instant

    package init(own: NodeID, digest: Digest, pieces: Int, now: Instant) {
        self.own = own
        self.digest = digest
        self.pieces = pieces
        beganAt = now
        progressAt = now
        generator = PieceDice(node: own, digest: digest)
    }

    // MARK: What is known

    /// Takes up who holds the whole blob, and who else wants it.
    package mutating func update(holders: [NodeID], wanters others: [NodeID], now: Instant) {
        wanters = Set(others)
        wanters.remove(own)
        let holding = Set(holders)
        let counting = wanters.union(holding)
        members = members.filter { $0.value.transfers > 0 || counting.contains($0.key) }
        for node in holders where node != own { makeHolder(node, now: now) }
        let nothing = PieceSet(count: pieces)
        for node in members.filter({ $0.value.isHolder }).keys where !holding.contains(node) {
            members[node]?.isHolder = false
            members[node]?.have = nothing
        }
        admit(now: now)
    }

    private mutating func makeHolder(_ node: NodeID, now: Instant) {
        if members[node]?.isHolder == true { return }
        guard members[node] != nil || members.count < 2 * SwarmLimits.neighbours else { return }
        var member = members[node] ?? SwarmMember(pieces: pieces, now: now)
        member.isHolder = true
        member.have = .all(of: pieces)
        member.fetching = PieceSet(count: pieces)
        members[node] = member
    }

    /// Makes members of wanters: all that fetch from upstream where this node does too, so that none of its pieces is asked of
    /// upstream twice, and others at random.
    private mutating func admit(now: Instant) {
        let fetchers = Set(Ownership.ranking(of: digest, among: wanters.union([own])).prefix(2 * Ownership.fetchers))
        if fetchers.contains(own) {
            for node in fetchers where node != own && members[node] == nil {
                members[node] = SwarmMember(pieces: pieces, now: now)
            }
        }
        var free = SwarmLimits.neighbours - members.values.count { !$0.isHolder }
        guard free > 0 else { return }
        for node in wanters.subtracting(members.keys).sorted().shuffled(using: &generator) where free > 0 {
            members[node] = SwarmMember(pieces: pieces, now: now)
            free -= 1
        }
    }

    /// A member has said what it has.
    package mutating func heard(_ node: NodeID, have: PieceSet, fetching: PieceSet, hasUpstream: Bool, now: Instant) {
        guard var member = members[node] else { return }
        member.isAsked = false
        member.heardAt = now
        member.failures = 0
        member.asideUntil = nil
        member.hasUpstream = hasUpstream
        if have != member.have || fetching != member.fetching { member.grewAt = now }
        if !member.isHolder {
            member.have = have
            member.fetching = fetching
        }
        members[node] = member
    }

    /// A member has failed: it could not be reached, broke off, or did not have what it said.
    package mutating func failed(_ node: NodeID, now: Instant) {
        guard var member = members[node] else { return }
        member.isAsked = false
        member.failures += 1
        member.asideUntil = now + .milliseconds(250 << min(member.failures, 5))
        members[node] = member
    }

    /// A member has as much to do as it can do.
    package mutating func wasBusy(_ node: NodeID, retryAfter: Duration?, now: Instant) {
        members[node]?.isAsked = false
        let wait = min(retryAfter ?? .milliseconds(200), .seconds(2))
        members[node]?.busyUntil = now + wait * Double.random(in: 0.5...1, using: &generator)
    }

    package mutating func asked(_ node: NodeID, now: Instant) {
        members[node]?.isAsked = true
        members[node]?.askedAt = now
    }

    package mutating func transferBegan(from node: NodeID) {
        members[node]?.transfers += 1
    }

    package mutating func transferEnded(from node: NodeID, bytes: Int64, seconds: Double) {
        members[node]?.transferEnded(bytes: bytes, seconds: seconds)
    }

    /// A piece, or a part of one, has come.
    package mutating func progressed(now: Instant) {
        progressAt = now
    }

    /// Whether anybody else wants the blob now.
    package var isShared: Bool { !wanters.isEmpty }

    /// Whether a holder of the whole blob can be asked.
    func hasHolder(_ now: Instant) -> Bool {
        members.values.contains { $0.isHolder && $0.isUsable(now) }
    }
}

// MARK: Decisions

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
        let usable = members.filter { $0.value.isUsable(now) }
        while need.transfers < SwarmLimits.transfers, let fetch = nextFromPeers(need, usable, now: now) {
            guard case .peer(let node, let range, let waits) = fetch else { break }
            for piece in range { need.missing.remove(piece) }
            need.transfers += 1
            need.waits += waits ? 1 : 0
            members[node]?.transfers += 1
            fetches.append(fetch)
        }
        // The shell tells when it begins them.
        for case .peer(let node, _, _) in fetches { members[node]?.transfers -= 1 }
        if need.upstreamIsFree, let range = nextFromUpstream(need, usable, now: now) {
            fetches.append(.upstream(range))
        }
        return fetches
    }

    private mutating func nextFromPeers(
        _ need: Need, _ usable: [NodeID: SwarmMember], now: Instant
    ) -> Fetch? {
        if let (piece, holders) = rarest(need, usable, now: now) {
            guard let node = better(of: holders) else { return nil }
            return .peer(node, piece..<end(of: piece, need, at: node), waits: false)
        }
        guard need.waits < SwarmLimits.waits else { return nil }
        // Nobody has what is missing: wait where it is coming in.
        var best: (piece: Int, node: NodeID)?
        for (node, member) in usable where members[node]?.transfers == 0 && member.isFree(now) {
            var coming = member.fetching
            coming.formIntersection(need.missing)
            if let piece = coming.first, best.map({ piece < $0.piece || (piece == $0.piece && node < $0.node) }) ?? true
            {
                best = (piece, node)
            }
        }
        return best.map { .peer($0.node, $0.piece..<$0.piece + 1, waits: true) }
    }

    /// The missing piece that the fewest have, and who has it; among equals the reader's next, or any.
    private mutating func rarest(
        _ need: Need, _ usable: [NodeID: SwarmMember], now: Instant
    ) -> (piece: Int, holders: [NodeID])? {
        let free = usable.filter { $0.value.isFree(now) && (members[$0.key]?.transfers ?? 0) < limit(of: $0.value) }
        guard !free.isEmpty else { return nil }
        var counts = [UInt16](repeating: 0, count: pieces)
        var reachable = PieceSet(count: pieces)
        for (node, member) in usable {
            var offered = member.have
            offered.formIntersection(need.missing)
            offered.forEach { counts[$0] &+= 1 }
            if free[node] != nil { reachable.formUnion(offered) }
        }
        var least = UInt16.max
        var ties = 0
        var chosen: Int?
        let dice = generator.next()
        reachable.forEach { piece in
            if counts[piece] < least {
                (least, ties, chosen) = (counts[piece], 1, piece)
            } else if counts[piece] == least {
                ties += 1
                // Each of the equals is as likely as the others.
                if Ownership.mix(dice ^ UInt64(piece)) % UInt64(ties) == 0 { chosen = piece }
            }
        }
        guard var piece = chosen else { return nil }
        if !isShared, let first = reachable.first {
            // Nobody else is after the blob: what is read first comes first.
            piece = need.next.flatMap { reachable.contains($0) ? $0 : nil } ?? first
        } else if let next = need.next, reachable.contains(next), counts[next] == least, least > 1 {
            piece = next
        }
        return (piece, free.filter { $0.value.have.contains(piece) }.map(\.key).sorted())
    }

    private func limit(of member: SwarmMember) -> Int {
        isShared ? 1 : SwarmLimits.transfersOfMember
    }

    /// The less busy of two at random, the faster of equals (power of two choices).
    private mutating func better(of holders: [NodeID]) -> NodeID? {
        guard let one = holders.randomElement(using: &generator), let other = holders.randomElement(using: &generator)
        else { return nil }
        guard let first = members[one], let second = members[other], one != other else { return one }
        if first.transfers != second.transfers { return first.transfers < second.transfers ? one : other }
        return (first.rate ?? .infinity) >= (second.rate ?? .infinity) ? one : other
    }

    /// Adjacent pieces in one request: many where the blob is only read, one where it is shared meanwhile, so that pieces spread.
    private func end(of piece: Int, _ need: Need, at node: NodeID) -> Int {
        guard !isShared, let member = members[node] else { return piece + 1 }
        let most = members.values.count { $0.isHolder } == 1 ? pieces : SwarmLimits.longRequest
        var end = piece + 1
        while end < pieces, end - piece < most, need.missing.contains(end), member.have.contains(end) { end += 1 }
        return end
    }

    /// This node's next share of what nobody has, or anything once nothing else helps.
    private func nextFromUpstream(
        _ need: Need, _ usable: [NodeID: SwarmMember], now: Instant
    ) -> Range<Int>? {
        let isStuck = progressAt.duration(to: now) >= SwarmLimits.stuckAfter
        if hasHolder(now), !isStuck { return nil }
        var free = need.missing
        for member in usable.values {
            free.subtract(member.have)
            free.subtract(member.fetching)
        }
        if isStuck, free.isEmpty { free = need.missing }
        if isStuck { return free.first.map { $0..<$0 + 1 } }
        guard !isNewcomer(now) else { return nil }
        let owners = members.filter { wanters.contains($0.key) && $0.value.isOwner(now) }.map(\.key)
        let ownership = Ownership(of: digest, among: owners + [own])
        let order = free.first(atOrAfter: need.next ?? 0)
        return order.flatMap { first in
            var piece = first
            while piece < pieces {
                if free.contains(piece), ownership.owner(of: piece) == own { return run(from: piece, free, ownership) }
                piece += 1
            }
            piece = 0
            while piece < first {
                if free.contains(piece), ownership.owner(of: piece) == own { return run(from: piece, free, ownership) }
                piece += 1
            }
            return nil
        }
    }

    private func run(from piece: Int, _ free: PieceSet, _ ownership: Ownership) -> Range<Int> {
        guard isShared else {
            var end = piece + 1
            while end < pieces, free.contains(end) { end += 1 }
            return piece..<end
        }
        var end = piece + 1
        while end < pieces, end % Ownership.run != 0, free.contains(end) { end += 1 }
        return piece..<end
    }

    /// Whether this node came to a swarm that may already have what it would fetch, and has not been told yet.
    private func isNewcomer(_ now: Instant) -> Bool {
        guard beganAt.duration(to: now) < SwarmLimits.newcomerPatience else { return false }
        return members.values.contains { !$0.isHolder && $0.heardAt == nil && $0.isUsable(now) }
    }

    /// Whether upstream's stream may go on into a piece: it is this node's share, and nobody else has it or fetches it.
    package func maySharedStreamEnter(_ piece: Int, now: Instant) -> Bool {
        guard isShared else { return true }
        guard !hasHolder(now) else { return false }
        let usable = members.values.filter { $0.isUsable(now) }
        guard !usable.contains(where: { $0.have.contains(piece) || $0.fetching.contains(piece) }) else { return false }
        let owners = members.filter { wanters.contains($0.key) && $0.value.isOwner(now) }.map(\.key)
        return Ownership(of: digest, among: owners + [own]).owner(of: piece) == own
    }

    /// Whom to ask what they have: those not asked for the longest time.
    package func questions(now: Instant) -> [NodeID] {
        let open = members.values.count { $0.isAsked }
        return members.filter { _, member in
            !member.isHolder && !member.isAsked && member.isUsable(now)
                && (member.askedAt.map { $0.duration(to: now) >= SwarmLimits.asking } ?? true)
        }.sorted { left, right in
            switch (left.value.askedAt, right.value.askedAt) {
            case (nil, nil): left.key < right.key
            case (nil, _): true
            case (_, nil): false
            case (let one?, let other?): (one, left.key) < (other, right.key)
            }
        }.prefix(max(0, SwarmLimits.questions - open)).map(\.key)
    }
}

extension PieceSet {
    /// The lowest piece of the set at or after one; from the beginning where there is none.
    func first(atOrAfter piece: Int) -> Int? {
        var candidate = piece
        while candidate < count {
            if contains(candidate) { return candidate }
            candidate += 1
        }
        return first
    }

    /// The lowest piece of the set.
    var first: Int? {
        for (index, word) in words.enumerated() where word != 0 { return index * 64 + word.trailingZeroBitCount }
        return nil
    }
}

/// Choices that differ between nodes and are the same at each run: SplitMix64, seeded with the node and the blob.
struct PieceDice: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(node: NodeID, digest: Digest) {
        state = (node.bytes + digest.bytes.prefix(8)).reduce(0xcbf2_9ce4_8422_2325) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return Ownership.mix(state)
    }
}
