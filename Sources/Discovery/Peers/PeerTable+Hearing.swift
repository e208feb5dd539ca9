import OCI

extension PeerTable {
    /// What a datagram means for this node.
    struct Hearing: Sendable, Equatable {
        /// The sender was not known here, so it will not know this node either.
        var isStranger = false
        /// To be answered.
        var question: Beacon.WhoHas?
        /// Blobs or tags entered the index that were not there.
        var hasNews = false
        /// Blobs that somebody began to fetch or fetches no longer.
        var wanted: Set<Digest> = []
    }

    /// Takes up a datagram that the codec let through.
    /// - Parameter source: the address that it came from.
    mutating func hear(
        _ beacon: Beacon, from source: IPAddress, now: ContinuousClock.Instant
    ) throws(BeaconDrop) -> Hearing {
        guard beacon.node != own else { throw .own }
        switch beacon.payload {
        case .hello(let hello):
            return try hear(hello, of: beacon, from: source, now: now)
        case .have(let answer):
            return try hear(answer, of: beacon, from: source, now: now)
        case .want(let want):
            return try hear(want, of: beacon, from: source, now: now)
        case .introduction(let nodes):
            guard let sender = records[beacon.node], sender.isConfirmed, sender.epoch == beacon.epoch,
                rules.requiresProof || sender.holds(source)
            else { throw .unknownNode }
            try checkReplay(beacon)
            for node in nodes { take(node, by: sender, now: now) }
            return Hearing()
        case .whoHas(let question):
            // Without a key anybody on the LAN may ask; with one, confirmed peers, and each question once.
            if rules.requiresProof {
                guard records[beacon.node]?.isConfirmed == true, records[beacon.node]?.epoch == beacon.epoch else {
                    throw .unknownNode
                }
                try checkReplay(beacon)
            }
            return Hearing(question: question)
        case .bye:
            guard let record = records[beacon.node], record.epoch == beacon.epoch,
                record.addresses.contains(where: { $0.ip == source })
            else { throw .unknownNode }
            try checkReplay(beacon)
            if record.isConfirmed { note(.left(record.id, name: record.name)) }
            remove(beacon.node)
            return Hearing(wanted: wants.takeChanges())
        }
    }

    // MARK: Hello

    private mutating func hear(
        _ hello: Beacon.Hello, of beacon: Beacon, from source: IPAddress, now: ContinuousClock.Instant
    ) throws(BeaconDrop) -> Hearing {
        let presence = try hearPresence(
            of: beacon, name: hello.name, interval: hello.interval, ip: source, port: hello.httpPort, now: now)
        guard presence.isCurrent, var record = records[beacon.node] else {
            return Hearing(isStranger: presence.isStranger)
        }
        if isNeighbour(source) {
            record.sources.insert(.broadcast)
        } else {
            // It has a line about this node, or of this node: it has introduced itself.
            record.linkedAt = now
            if record.sources.isDisjoint(with: [.static, .dns]) { record.sources.insert(.introduced) }
            // Anybody can write another's address on a datagram: no Hello goes there before somebody has answered.
            if !record.hasAnswered, let index = record.addresses.firstIndex(where: { $0.ip == source }) {
                wantConfirmation(of: &record, at: index, now: now)
            }
        }
        record.spokeAt = now
        wanting.noteSpoken(record.id)
        record.hops = 0
        record.introducer = nil
        if !hello.name.isEmpty { record.name = hello.name }
        record.interval = hello.interval
        if presence.counts {
            record.heardAt = now
            // A node that says Hello and refuses connections stays aside for its penalty, else it would be tried every five seconds.
            if record.isAside, record.addresses.contains(where: { $0.isConfirmed && !$0.isAside(now: now) }) {
                record.isAside = false
            }
        }
        // Datagrams overtake each other.
        record.heardVersion = max(record.heardVersion, hello.version)
        var hasNews = false
        if let changes = hello.changes { hasNews = apply(changes, upTo: hello.version, to: &record) }
        records[record.id] = record
        for ip in hello.addresses where allows(ip) {
            addAddress(to: record.id, ip: ip, port: hello.httpPort, isHeard: false, now: now)
        }
        wantMending(of: record.id, now: now)
        return Hearing(isStranger: presence.isStranger, hasNews: hasNews)
    }

    /// The changes tell how the touched blobs stand at `version`, so they lead there from any version since `changes.since`.
    private mutating func apply(
        _ changes: InventoryState.Changes, upTo version: UInt64, to record: inout PeerRecord
    ) -> Bool {
        guard changes.since <= record.knownVersion, record.knownVersion < version else { return false }
        index.remove(changes.removed, of: record.handle)
        for entry in changes.added { index.insert(entry, of: record.handle) }
        record.knownVersion = version
        return !changes.added.isEmpty
    }

    // MARK: Have

    private mutating func hear(
        _ answer: Beacon.Have, of beacon: Beacon, from source: IPAddress, now: ContinuousClock.Instant
    ) throws(BeaconDrop) -> Hearing {
        let presence = try hearPresence(
            of: beacon, name: "", interval: .seconds(5), ip: source, port: answer.httpPort, now: now)
        guard presence.isCurrent, let record = records[beacon.node] else {
            return Hearing(isStranger: presence.isStranger)
        }
        if presence.counts { records[record.id]?.heardAt = now }
        for entry in answer.blobs { index.insert(entry, of: record.handle) }
        if rules.believesReferences {
            for entry in answer.references { references.insert(entry, of: record.handle, now: now) }
        }
        return Hearing(
            isStranger: presence.isStranger, hasNews: !answer.blobs.isEmpty || !answer.references.isEmpty)
    }

    // MARK: Presence

    private struct Presence {
        var isStranger = false
        /// The datagram is of the epoch that is known, so what it says may be taken up.
        var isCurrent = true
        /// It came from an address that counts.
        var counts: Bool
    }

    private mutating func hearPresence(
        of beacon: Beacon, name: String, interval: Duration, ip: IPAddress, port: UInt16, now: ContinuousClock.Instant
    ) throws(BeaconDrop) -> Presence {
        guard let record = records[beacon.node] else {
            guard
                admit(
                    beacon.node, name: name, epoch: beacon.epoch, interval: interval,
                    source: isNeighbour(ip) ? .broadcast : .introduced,
                    ip: ip,
                    port: port, now: now)
            else { throw .tooManyNodes }
            try checkReplay(beacon)
            return Presence(isStranger: true, counts: rules.trustsDatagrams)
        }
        guard beacon.epoch == record.epoch else {
            // An old datagram, sent again by somebody. Once the node is silent it may be the node itself, its folder restored from
            // a backup: then it is asked, and what it says over HTTP holds.
            if rules.requiresProof, beacon.epoch < record.epoch, record.isAlive(now: now) { throw .oldEpoch }
            addAddress(to: record.id, ip: ip, port: port, now: now)
            if let known = records[record.id]?.index(of: PeerAddress(host: ip.description, port: Int(port))),
                var record = records[record.id]
            {
                wantConfirmation(of: &record, at: known, now: now)
                records[record.id] = record
            }
            return Presence(isStranger: true, isCurrent: false, counts: false)
        }
        try checkReplay(beacon)
        return Presence(counts: addAddress(to: record.id, ip: ip, port: port, now: now))
    }

    mutating func checkReplay(_ beacon: Beacon) throws(BeaconDrop) {
        guard rules.requiresProof else { return }
        guard records[beacon.node]?.window.admit(beacon.sequence) == true else { throw .replayed }
    }
}
