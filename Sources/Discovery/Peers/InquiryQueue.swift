/// Nodes that want to be asked something, by their turns: whose answer somebody waits for, then those that answered before, then the
/// others. A thousand nodes may stand here at once, and each datagram is an occasion to look; so who cannot be asked yet stands aside
/// until its time, and nobody looks at it meanwhile.
struct InquiryQueue: Sendable {
    private var known: Set<NodeID> = []
    private var strangers: Set<NodeID> = []
    private var later: [NodeID: ContinuousClock.Instant] = [:]
    /// By node, as which try of all the last one of it was asked; and who has spoken itself. Both stay while the node is known.
    private var tries: [NodeID: UInt64] = [:]
    private var tried: UInt64 = 0
    private var spoken: Set<NodeID> = []
    /// When somebody's time comes; nil where nobody stands aside.
    private(set) var soonest: ContinuousClock.Instant?
    /// Somebody waits for the inventories of these; they may want nothing just now.
    private(set) var sought: Set<NodeID> = []

    var isEmpty: Bool { known.isEmpty && strangers.isEmpty && later.isEmpty }

    /// - Parameter hasAnswered: whether the node ever answered over HTTP in its epoch; what invented nodes never do.
    mutating func insert(_ id: NodeID, hasAnswered: Bool) {
        later[id] = nil
        if hasAnswered {
            strangers.remove(id)
            known.insert(id)
        } else if !known.contains(id) {
            strangers.insert(id)
        }
    }

    /// It is asked something.
    mutating func noteTry(_ id: NodeID) {
        tried += 1
        tries[id] = tried
    }

    /// It has sent something itself.
    mutating func noteSpoken(_ id: NodeID) { spoken.insert(id) }

    /// Nothing is known of it any more.
    mutating func forget(_ id: NodeID) {
        remove(id)
        endSeeking(id)
        tries[id] = nil
        spoken.remove(id)
    }

    /// It wants nothing any more.
    mutating func remove(_ id: NodeID) {
        known.remove(id)
        strangers.remove(id)
        later[id] = nil
    }

    /// What it wants may not be asked before then.
    mutating func postpone(_ id: NodeID, until due: ContinuousClock.Instant) {
        remove(id)
        later[id] = due
        soonest = min(soonest ?? due, due)
    }

    /// Takes out who stands aside and whose time has come; they are to be put in again.
    mutating func takeDue(at now: ContinuousClock.Instant) -> [NodeID] {
        guard let soonest, soonest <= now else { return [] }
        let due = later.filter { $0.value <= now }.map(\.key)
        for id in due { later[id] = nil }
        self.soonest = later.values.min()
        return due
    }

    mutating func seek(_ id: NodeID) { sought.insert(id) }

    mutating func endSeeking(_ id: NodeID) { sought.remove(id) }

    /// Everybody who may be asked, in the order of their turns. Of those that never answered who spoke itself comes before whom others tell
    /// of, and then who was asked longest ago: where only one of several may be asked, none waits for ever.
    /// - Parameter placeForStrangers: whether one that never answered may be asked now; else those are left out.
    func order(placeForStrangers: Bool) -> [NodeID] {
        var order = known.subtracting(sought).sorted()
        if placeForStrangers {
            order += strangers.subtracting(sought).map { (spoken.contains($0) ? 0 : 1, tries[$0] ?? 0, $0) }
                .sorted(by: <).map(\.2)
        }
        return sought.filter { known.contains($0) || strangers.contains($0) }.sorted() + order
    }
}
