package import Discovery
package import OCI

/// Which piece of a blob to ask of whom, while others want the blob too: decisions without I/O and without a clock.
///
/// Works on whole pieces; how their bytes arrive is the business of `DownloadPlan`. The same code runs in the simulation. This file
/// has what is known; what follows from it is in `Swarm+Peers`, `Swarm+Upstream` and `Swarm+Remedies`.
package struct Swarm: Sendable {
    package typealias Instant = ContinuousClock.Instant

    let own: NodeID
    package let digest: Digest
    let pieces: Int
    let seed: UInt64
    var roster: SwarmRoster
    /// Others who want the blob; members or not.
    private(set) var wanters: Set<NodeID> = []
    /// Those who may be called upon to fetch from upstream, in the order of their ranks: more than fetch, so that some can fail.
    private(set) var candidates: [NodeID]
    /// This node's place among all who want the blob.
    private(set) var rank = 0
    var dice: PieceDice
    let beganAt: Instant
    /// When a piece last came, from whomever.
    private(set) var progressAt: Instant
    /// What upstream's pieces took others lately, in seconds, as far as it was seen; nil: not yet.
    private(set) var upstreamPieceTime: Double?
    /// It has had to help itself once: those who should have fetched cannot, so it goes on with what nobody is seen to fetch.
    var isVolunteer = false
    /// What this node last chose to fetch from upstream while others want the blob too: its share or another's.
    var chosen: Range<Int>?
    /// The piece that upstream is sending here, since when, and until when this node leaves upstream to others that are faster.
    var ownPiece: (piece: Int, since: Instant)?
    var ownSlowUntil: Instant?
    /// Bytes a second of a transfer from a peer, lately; nil before the first.
    var pace: Double?
    /// Second requests for a piece that was late elsewhere.
    package internal(set) var hedges = 0
    // What `update` was last told: most of the time it is told the same again.
    private var lastHolders: [NodeID] = []
    private var lastWanters: [NodeID] = []

    package init(own: NodeID, digest: Digest, pieces: Int, now: Instant) {
        self.own = own
        self.digest = digest
        self.pieces = pieces
        seed = Ownership.seed(of: digest)
        roster = SwarmRoster(pieces: pieces)
        candidates = [own]
        beganAt = now
        progressAt = now
        dice = PieceDice(node: own, digest: digest)
    }

    /// Those who are followed: made anew at each call, to be looked at.
    package var members: [NodeID: SwarmMember] {
        Dictionary(uniqueKeysWithValues: roster.members.map { ($0.node, $0) })
    }

    /// One of those who are followed.
    package func member(_ node: NodeID) -> SwarmMember? { roster[node] }

    /// Whether anybody else wants the blob now.
    package var isShared: Bool { !wanters.isEmpty }

    // MARK: Who there is

    /// Takes up who holds the whole blob, and who else wants it.
    package mutating func update(holders: [NodeID], wanters others: [NodeID], now: Instant) {
        guard holders != lastHolders || others != lastWanters else { return }
        lastHolders = holders
        lastWanters = others
        let holding = Set(holders)
        // Who has it all, and says that it wants it for a moment longer, fetches nothing any more.
        wanters = Set(others).subtracting(holding)
        wanters.remove(own)
        // Also who still sends something: nothing else is to be asked of a node that has left, or is not trusted any more.
        roster.removeAll { !wanters.contains($0.node) && !holding.contains($0.node) }
        for index in roster.members.indices where !holding.contains(roster.members[index].node) {
            roster.unsetHolder(index)
        }
        for node in holders where node != own { makeHolder(node, now: now) }
        rankAll()
        admit(holding, now: now)
    }

    private mutating func makeHolder(_ node: NodeID, now: Instant) {
        if roster.index(of: node) == nil {
            guard roster.members.count < 2 * SwarmLimits.neighbours else { return }
            roster.add(node, now: now)
        }
        if let index = roster.index(of: node) { roster.setHolder(index) }
    }

    private mutating func rankAll() {
        let ownNumber = Ownership.number(of: own, seed)
        var best = [(number: ownNumber, node: own)]
        rank = 0
        for node in wanters {
            let entry = (number: Ownership.number(of: node, seed), node: node)
            if entry > best[0] || best.count < 2 * Ownership.fetchers {
                let place = best.firstIndex { $0 < entry } ?? best.endIndex
                best.insert(entry, at: place)
            } else if let place = best.firstIndex(where: { $0 < entry }) {
                best.insert(entry, at: place)
            }
            if best.count > 2 * Ownership.fetchers { best.removeLast() }
            if entry > (ownNumber, own) { rank += 1 }
        }
        let ranked = best.map(\.node)
        // What was chosen among others may be somebody else's now.
        if ranked != candidates { chosen = nil }
        candidates = ranked
    }

    /// Makes members of wanters: all that fetch from upstream where this node does too, so that none of its pieces is asked of
    /// upstream twice, and others at random.
    private mutating func admit(_ holding: Set<NodeID>, now: Instant) {
        if rank < 2 * Ownership.fetchers {
            for node in candidates where node != own { roster.add(node, now: now) }
        }
        var free = SwarmLimits.neighbours - (roster.members.count - roster.holders)
        guard free > 0, wanters.count + roster.holders > roster.members.count else { return }
        // At random, and the same at each run.
        let salt = dice.next()
        let strangers = wanters.filter { roster.index(of: $0) == nil && !holding.contains($0) }
            .map { (Ownership.number(of: $0, salt), $0) }.sorted(by: <)
        for (_, node) in strangers where free > 0 {
            roster.add(node, now: now)
            free -= 1
        }
    }

    // MARK: News

    /// A member has said what it has.
    package mutating func heard(_ node: NodeID, have: PieceSet, fetching: PieceSet, hasUpstream: Bool, now: Instant) {
        guard let index = roster.index(of: node), have.count == pieces, fetching.count == pieces else { return }
        let before = roster.members[index]
        roster.change(index) { member in
            member.isAsked = false
            if before.heardAt == nil, have.isEmpty {
                member.askedAt = now + SwarmLimits.askingAgain - SwarmLimits.asking
            }
            member.heardAt = now
            member.failures = 0
            member.asideUntil = nil
            member.hasUpstream = hasUpstream
        }
        guard !before.isHolder else { return }
        if have != before.have || fetching != before.fetching {
            roster.change(index) { $0.grewAt = now }
        }
        if fetching != before.fetching {
            if before.fetching.firstCommon(with: have) != nil { fetched(index, before.fetchingSince.duration(to: now)) }
            roster.change(index) { member in
                member.fetching = fetching
                member.fetchingSince = now
            }
        } else if !fetching.isEmpty, before.fetchingSince.duration(to: now) >= slowAfter {
            roster.change(index) { $0.slowUntil = now + SwarmLimits.slowFor }
        }
        if have != before.have { roster.setHave(index, have) }
    }

    /// A member was seen to finish a piece from upstream.
    private mutating func fetched(_ index: Int, _ time: Duration) {
        if time < slowAfter { roster.change(index) { $0.slowUntil = nil } }
        let seconds = time / .seconds(1)
        // One that is slow does not make the others look fast, but an uplink that has become slow is soon believed.
        upstreamPieceTime =
            upstreamPieceTime.map { 0.8 * $0 + 0.2 * min(seconds, SwarmLimits.slowness * $0) } ?? seconds
    }

    /// Who takes so long over a piece from upstream is slow: on a thin uplink pieces take their time everywhere.
    var slowAfter: Duration {
        max(
            SwarmLimits.ownerPatience,
            .seconds(upstreamPieceTime.map { SwarmLimits.slowness * $0 } ?? SwarmLimits.unmeasuredPatience))
    }

    /// A busy node has told who else has a piece.
    package mutating func hinted(_ nodes: [NodeID], have piece: Int, now: Instant) {
        for node in nodes.prefix(8) where wanters.contains(node) {
            if roster.index(of: node) == nil, roster.members.count < 2 * SwarmLimits.neighbours {
                roster.add(node, now: now)
            }
            guard let index = roster.index(of: node), !roster.members[index].isHolder else { continue }
            var have = roster.members[index].have
            have.insert(piece)
            roster.setHave(index, have)
        }
    }

    /// A member has failed: it could not be reached, broke off, or did not answer.
    package mutating func failed(_ node: NodeID, now: Instant) {
        guard let index = roster.index(of: node) else { return }
        roster.change(index) { member in
            member.isAsked = false
            member.failures += 1
            member.asideUntil = now + .milliseconds(250 << min(member.failures, 5))
        }
    }

    /// A member does not have pieces that it was said to have, or to be fetching: they are not asked of it until it says so anew.
    package mutating func lacked(_ node: NodeID, _ lacking: Range<Int>, now: Instant) {
        guard let index = roster.index(of: node) else { return }
        var have = roster.members[index].have
        have.remove(lacking)
        roster.setHave(index, have)
        roster.change(index) { member in
            member.fetching.remove(lacking)
            member.lacks += 1
        }
        if roster.members[index].isHolder || roster.members[index].lacks >= SwarmLimits.lacks { failed(node, now: now) }
    }

    /// A member has as much to do as it can do.
    ///
    /// `Retry-After` knows whole seconds only and a slot is free in a fraction of one, so its least value is no more than a refusal.
    package mutating func wasBusy(_ node: NodeID, retryAfter: Duration?, now: Instant) {
        guard let index = roster.index(of: node) else { return }
        let chance = Double.random(in: 0.5...1, using: &dice)
        roster.change(index) { member in
            member.isAsked = false
            let asked = retryAfter.flatMap { $0 > .seconds(1) ? $0 : nil } ?? .zero
            let grown = SwarmLimits.busy * (1 << min(member.refusals, 3))
            member.busyUntil = now + min(max(asked, grown), SwarmLimits.busiest) * chance
            member.refusals += 1
        }
    }

    package mutating func asked(_ node: NodeID, now: Instant) {
        guard let index = roster.index(of: node) else { return }
        roster.change(index) { member in
            member.isAsked = true
            member.askedAt = now
        }
    }

    package mutating func transferBegan(from node: NodeID) {
        guard let index = roster.index(of: node) else { return }
        roster.change(index) { $0.transfers += 1 }
    }

    package mutating func transferEnded(from node: NodeID, bytes: Int64, seconds: Double) {
        if bytes > 0, seconds > 0 {
            let last = Double(bytes) / seconds
            pace = pace.map { 0.8 * $0 + 0.2 * last } ?? last
        }
        guard let index = roster.index(of: node) else { return }
        roster.change(index) { $0.transferEnded(bytes: bytes, seconds: seconds) }
    }

    /// A piece, or a part of one, has come.
    package mutating func progressed(now: Instant) {
        progressAt = now
    }

    // MARK: Questions

    /// Whom to ask what they have: those not asked for the longest time.
    package func questions(now: Instant) -> [NodeID] {
        var open = 0
        var due: [SwarmMember] = []
        for member in roster.members where !member.isHolder {
            if member.isAsked {
                open += 1
            } else if member.isUsable(now), member.askedAt.map({ $0.duration(to: now) >= SwarmLimits.asking }) ?? true {
                due.append(member)
            }
        }
        let count = SwarmLimits.questions - open
        guard count > 0 else { return [] }
        if due.count > count {
            due.sort { ($0.askedAt ?? beganAt, $0.node) < ($1.askedAt ?? beganAt, $1.node) }
        }
        return due.prefix(count).map(\.node)
    }
}
