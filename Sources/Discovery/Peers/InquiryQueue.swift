/// Nodes that want to be asked something, by their turns: whose answer somebody waits for, then those that answered before, then the
/// others. A thousand nodes may stand here at once, and each datagram is an occasion to look; so a look costs no more than there are free
/// places, as far as that can be.
struct InquiryQueue: Sendable {
    private var known: Set<NodeID> = []
    private var strangers: Set<NodeID> = []
    /// Somebody waits for the inventories of these; they may want nothing just now.
    private(set) var sought: Set<NodeID> = []

    var isEmpty: Bool { known.isEmpty && strangers.isEmpty }

    /// - Parameter hasAnswered: whether the node ever answered over HTTP in its epoch; what invented nodes never do.
    mutating func insert(_ id: NodeID, hasAnswered: Bool) {
        if hasAnswered {
            strangers.remove(id)
            known.insert(id)
        } else if !known.contains(id) {
            strangers.insert(id)
        }
    }

    /// It wants nothing any more.
    mutating func remove(_ id: NodeID) {
        known.remove(id)
        strangers.remove(id)
    }

    mutating func seek(_ id: NodeID) { sought.insert(id) }

    mutating func endSeeking(_ id: NodeID) { sought.remove(id) }

    /// Everybody in the order of their turns.
    /// - Parameter placeForStrangers: whether one that never answered may be asked now; else those are left out.
    func order(placeForStrangers: Bool) -> [NodeID] {
        var order = known.subtracting(sought).sorted()
        if placeForStrangers { order += strangers.subtracting(sought).sorted() }
        return sought.intersection(known.union(strangers)).sorted() + order
    }
}
