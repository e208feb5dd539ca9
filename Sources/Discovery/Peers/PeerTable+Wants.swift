import OCI

// Who is fetching what right now.

extension PeerTable {
    /// A node that asks for pieces of a blob is taken to be fetching it for so long.
    static let askersWant = Duration.seconds(15)
    /// Of the interval that the sender tells: two repetitions may be lost.
    static let wantMemory = 3

    /// Those that are heard. One that could not be reached a moment ago is still among them: whoever is alone in wanting a blob fetches
    /// all of it from the registry, and a busy machine misses a connection now and then.
    func wanters(of digest: Digest, now: ContinuousClock.Instant) -> [(node: NodeID, size: Int64?)] {
        wants.wanters(of: digest, now: now).filter { records[$0.node]?.isHeard(now: now) == true }
    }

    mutating func hear(
        _ want: Beacon.Want, of beacon: Beacon, from source: IPAddress, now: ContinuousClock.Instant
    ) throws(BeaconDrop) -> Hearing {
        guard let sender = records[beacon.node], sender.isConfirmed, sender.epoch == beacon.epoch else {
            throw .unknownNode
        }
        let comesFromIt = sender.addresses.contains { $0.ip == source && $0.isConfirmed }
        guard comesFromIt || rules.requiresProof else { throw .unknownNode }
        try checkReplay(beacon)
        if comesFromIt { records[beacon.node]?.heardAt = now }
        wants.hear(want.blobs, of: beacon.node, until: now + want.interval * Self.wantMemory)
        return Hearing(wanted: wants.takeChanges())
    }

    mutating func heard(_ id: NodeID, wants digest: Digest, now: ContinuousClock.Instant) -> Set<Digest> {
        guard records[id]?.isHeard(now: now) == true else { return [] }
        wants.insert(digest, size: nil, of: id, until: now + Self.askersWant)
        return wants.takeChanges()
    }

    /// Forgets who is silent, and what was not said again.
    mutating func expireWants(now: ContinuousClock.Instant) -> Set<Digest> {
        let records = records
        wants.expire(now: now) { records[$0]?.isHeard(now: now) == true }
        return wants.takeChanges()
    }
}
