import Discovery

/// Who came, fell silent and went, from one look at the peers to the next. A value; as large as the directory is.
struct PeerChanges: Sendable {
    private struct Seen {
        var name: String
        var state: Peer.State
    }

    private var known: [NodeID: Seen] = [:]

    /// - Parameter peers: everybody who counts now.
    /// - Returns: what has changed since the last look, by the ids of the peers.
    mutating func look(at peers: [Peer]) -> [Happening] {
        let before = known
        known = Dictionary(peers.map { ($0.id, Seen(name: $0.name, state: $0.state)) }) { _, new in new }
        let gone = before.filter { known[$0.key] == nil }.sorted { $0.key < $1.key }
        let changed = known.filter { before[$0.key]?.state != $0.value.state }.sorted { $0.key < $1.key }
        return gone.map { Happening.peer(.peerLeft, id: $0.key.description, name: $0.value.name) }
            + changed.map { id, seen in
                Happening.peer(seen.state == .alive ? .peerJoined : .peerSuspect, id: id.description, name: seen.name)
            }
    }
}
