import Discovery

/// What the swarm looks like, for those who do not choose pieces.
extension Swarm {
    /// Whether a piece that nobody has is for this node to take from upstream.
    func isOwn(_ piece: Int, now: Instant) -> Bool {
        let owners = members.filter { wanters.contains($0.key) && $0.value.isOwner(now) }.map(\.key)
        return Ownership(of: digest, among: owners + [own]).owner(of: piece) == own
    }

    /// Whether this node is the first of those that want the blob now.
    func isFirst(_ now: Instant) -> Bool {
        let live = members.filter { wanters.contains($0.key) && $0.value.isUsable(now) }.map(\.key)
        return Ownership.ranking(of: digest, among: live + [own]).first == own
    }

    /// Whether anybody may have some of these pieces soon.
    func hasHope(of missing: PieceSet, now: Instant) -> Bool {
        members.values.contains { member in
            guard member.heardAt != nil else { return member.joinedAt.duration(to: now) < .seconds(2) }
            var useful = member.have
            useful.formIntersection(missing)
            return member.hasUpstream || !useful.isEmpty
        }
    }

    /// Peers other than one that have a piece, as far as it is known here.
    func holders(of piece: Int) -> [NodeID] {
        members.filter { $0.value.have.contains(piece) }.keys.sorted()
    }
}
