import Discovery

/// What the swarm looks like, for those who do not choose pieces.
extension Swarm {
    var isEmpty: Bool { roster.members.isEmpty }

    /// Whether this node is the first of those that want the blob now.
    func isFirst(_ now: Instant) -> Bool {
        let isLive: (NodeID) -> Bool = { node in
            node == self.own || self.roster[node].map { !$0.isHolder && $0.isReliable(now) } ?? false
        }
        return candidates.first(where: isLive) == own
    }

    /// Whether anybody else who wants the blob asks upstream for it, or has not said yet.
    var mayAskUpstream: Bool {
        roster.members.contains { !$0.isHolder && ($0.heardAt == nil || $0.hasUpstream) }
    }

    /// Whether anybody may have some of these pieces soon.
    func hasHope(of missing: PieceSet, now: Instant) -> Bool {
        roster.members.contains { member in
            // What it had before anybody asked it has to look at first, before it tells of it.
            member.joinedAt.duration(to: now) < SwarmLimits.newcomersHope
                || member.heardAt != nil && (member.hasUpstream || member.have.firstCommon(with: missing) != nil)
        }
    }

    /// Peers that have a piece, as far as it is known here.
    func holders(of piece: Int) -> [NodeID] {
        roster.members.filter { $0.have.contains(piece) }.map(\.node)
    }

    /// One that holds the whole blob, and is none of these.
    func holder(besides asked: Set<NodeID>) -> NodeID? {
        roster.members.first { $0.isHolder && !asked.contains($0.node) }?.node
    }

    /// Whether a piece of upstream's would be another's to fetch, if all who come before this node did.
    func isForeign(_ piece: Int) -> Bool {
        isShared && Ownership(seed: seed, ranked: candidates).owner(of: piece) != own
    }

    func follows(_ node: NodeID) -> Bool { roster.index(of: node) != nil }
}
