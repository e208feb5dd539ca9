import Discovery

/// A swarm's members in the order of their ids, and how many of them have each piece: counted when news come, not when asked for.
struct SwarmRoster: Sendable {
    private(set) var members: [SwarmMember] = []
    /// For each piece, how many have it beside those who hold the whole blob.
    private(set) var counts: [Int32]
    /// How many hold the whole blob.
    private(set) var holders = 0

    init(pieces: Int) {
        counts = [Int32](repeating: 0, count: pieces)
    }

    func index(of node: NodeID) -> Int? {
        let index = place(of: node)
        return index < members.count && members[index].node == node ? index : nil
    }

    private func place(of node: NodeID) -> Int {
        var low = 0
        var high = members.count
        while low < high {
            let middle = (low + high) / 2
            if members[middle].node < node { low = middle + 1 } else { high = middle }
        }
        return low
    }

    subscript(node: NodeID) -> SwarmMember? { index(of: node).map { members[$0] } }

    mutating func add(_ node: NodeID, now: SwarmMember.Instant) {
        let index = place(of: node)
        guard index == members.count || members[index].node != node else { return }
        members.insert(SwarmMember(node, pieces: counts.count, now: now), at: index)
    }

    /// Changes what is not counted.
    mutating func change(_ index: Int, _ body: (inout SwarmMember) -> Void) {
        body(&members[index])
    }

    mutating func removeAll(where isOut: (SwarmMember) -> Bool) {
        guard members.contains(where: isOut) else { return }
        for member in members where isOut(member) {
            if member.isHolder { holders -= 1 } else { count(member.have, -1) }
        }
        members.removeAll(where: isOut)
    }

    mutating func setHolder(_ index: Int) {
        guard !members[index].isHolder else { return }
        count(members[index].have, -1)
        members[index].isHolder = true
        members[index].have = .all(of: counts.count)
        members[index].fetching = PieceSet(count: counts.count)
        holders += 1
    }

    mutating func unsetHolder(_ index: Int) {
        guard members[index].isHolder else { return }
        members[index].isHolder = false
        members[index].have = PieceSet(count: counts.count)
        holders -= 1
    }

    mutating func setHave(_ index: Int, _ have: PieceSet) {
        guard !members[index].isHolder, have.count == counts.count else { return }
        var gone = members[index].have
        gone.subtract(have)
        count(gone, -1)
        var come = have
        come.subtract(members[index].have)
        count(come, 1)
        members[index].have = have
    }

    private mutating func count(_ pieces: PieceSet, _ change: Int32) {
        pieces.forEach { counts[$0] += change }
    }
}
