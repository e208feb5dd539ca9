import OCI

// Nodes beyond broadcast: who is told of whom, and what comes of being told.

extension PeerTable {
    /// Between two introductions of the same node.
    static let introductionInterval = Duration.seconds(15)
    /// Nodes that get Hellos, questions and introductions by unicast.
    static let linkLimit = 16
    /// A link that sent no Hello for so long is none any more.
    static let linkMemory = Duration.seconds(120)

    // MARK: Being told

    /// Takes up what a peer says of another node.
    mutating func take(_ told: Beacon.Introduced, by sender: PeerRecord, now: ContinuousClock.Instant) {
        guard told.node != own, allows(told.ip) else { return }
        let telling = PeerRecord.Telling(at: now, epoch: told.epoch, version: told.version)
        if sender.isNeighbour { records[told.node]?.toldToLAN = telling }
        if records[told.node] == nil {
            guard
                admit(
                    told.node, name: "", epoch: told.epoch, interval: Self.introductionInterval, source: .introduced,
                    ip: told.ip, port: told.httpPort, isHeard: false, now: now)
            else { return }
        }
        guard var record = records[told.node], !record.speaksHere(now: now) else { return }
        addAddress(to: record.id, ip: told.ip, port: told.httpPort, isHeard: false, now: now)
        record = records[told.node] ?? record
        if let index = record.addresses.firstIndex(where: { $0.ip == told.ip }) {
            record.addresses[index].isVouchedFor = true
        }
        record.sources.insert(.introduced)
        record.introducer = sender.id
        record.hops = told.hops
        record.interval = max(record.interval, Self.introductionInterval)
        if sender.isNeighbour { record.toldToLAN = telling }
        if told.epoch == record.epoch {
            // Somebody has heard it: it lives, as far as can be told before it refuses a connection.
            if record.isConfirmed { record.heardAt = max(record.heardAt, now - told.age) }
            record.heardVersion = max(record.heardVersion, told.version)
        } else if told.epoch > record.epoch || !record.isAlive(now: now) {
            checkUp(&record, now: now)
        }
        records[record.id] = record
        wantMending(of: record.id, now: now)
    }

    // MARK: Telling

    /// Where Hellos go that broadcast does not carry: to what the operator named, and to those beyond the LAN that send theirs here and have
    /// answered there.
    func links(port: Int, now: ContinuousClock.Instant) -> [BeaconTarget] {
        var targets: Set<IPAddress> = []
        for (address, caller) in callers where !caller.isSelf {
            if let place = KnownAddress.Place(address) { targets.insert(place.ip) }
        }
        for record in linkedRecords(now: now) {
            if let ip = linkAddress(of: record, now: now) { targets.insert(ip) }
        }
        return targets.prefix(Self.linkLimit).map { BeaconTarget(ip: $0, port: port) }
    }

    /// Always the same ones of many, for each node others.
    private func linkedRecords(now: ContinuousClock.Instant) -> [PeerRecord] {
        let linked = records.values.filter { record in
            if record.isNeighbour, record.speaksHere(now: now), record.linkedAt == nil { return false }
            return !record.sources.isDisjoint(with: [.static, .dns])
                || record.hasAnswered && record.linkedAt.map { now - $0 < Self.linkMemory } ?? false
        }
        return Array(linked.sorted { ($0.id.low ^ own.low) < ($1.id.low ^ own.low) }.prefix(Self.linkLimit))
    }

    private func linkAddress(of record: PeerRecord, now: ContinuousClock.Instant) -> IPAddress? {
        if record.sources.isDisjoint(with: [.static, .dns]) {
            return record.bestAddresses(now: now).first { $0.workedAt != nil }?.ip
        }
        return record.bestAddresses(now: now).first?.ip ?? record.addresses.first?.ip
    }

    /// What the neighbours are to be told, who may not hear those nodes. What another neighbour told them lately is not told again.
    /// - Parameter isRound: whether old news are told again, too.
    mutating func introductionsToNeighbours(isRound: Bool, now: ContinuousClock.Instant) -> [Beacon.Introduced] {
        let introductions = introductions(
            of: records.values.filter { !$0.isNeighbour && $0.isNews(since: $0.toldToLAN, isRound: isRound, now: now) },
            now: now)
        for one in introductions {
            records[one.node]?.toldToLAN = PeerRecord.Telling(at: now, epoch: one.epoch, version: one.version)
        }
        return introductions
    }

    /// What each of those is to be told to whom Hellos go by unicast: everybody, but for whom it has told of itself.
    /// - Parameter isRound: whether old news are told again, too.
    mutating func introductionsToLinks(
        port: Int, isRound: Bool, now: ContinuousClock.Instant
    ) -> [(BeaconTarget, [Beacon.Introduced])] {
        let links = linkedRecords(now: now).filter(\.isConfirmed)
        guard !links.isEmpty else { return [] }
        let news = introductions(
            of: records.values.filter { $0.isNews(since: $0.toldToLinks, isRound: isRound, now: now) }, now: now)
        for one in news {
            records[one.node]?.toldToLinks = PeerRecord.Telling(at: now, epoch: one.epoch, version: one.version)
        }
        return links.compactMap { link in
            guard let ip = linkAddress(of: link, now: now) else { return nil }
            records[link.id]?.knowsEverybody = true
            let told = link.knowsEverybody ? news : introductions(of: Array(records.values), now: now)
            let others = told.filter { $0.node != link.id && records[$0.node]?.introducer != link.id }
            return others.isEmpty ? nil : (BeaconTarget(ip: ip, port: port), others)
        }
    }

    private func introductions(of records: [PeerRecord], now: ContinuousClock.Instant) -> [Beacon.Introduced] {
        records.sorted { $0.id < $1.id }.compactMap { record in
            guard record.isAlive(now: now), record.epoch > 0, record.hops < BeaconLimits.hops,
                let known = record.bestAddresses(now: now).first(where: { !$0.ip.isLinkLocal && !$0.ip.isLoopback })
            else { return nil }
            return Beacon.Introduced(
                node: record.id, ip: known.ip, httpPort: UInt16(clamping: known.address.port), epoch: record.epoch,
                version: record.heardVersion, hops: record.hops + 1,
                age: min(max(.zero, now - record.heardAt), BeaconLimits.silence))
        }
    }

    // MARK: Who may connect

    /// Whether a holder of the key spoke from here, or told of it. Without a key nobody's word opens anything.
    func isMember(_ ip: IPAddress) -> Bool {
        guard rules.requiresProof, isPeerAddress(ip) else { return false }
        return records.values.contains { record in
            record.addresses.contains { $0.ip == ip && ($0.isVouchedFor || $0.isConfirmed) }
        }
    }

    /// Everybody who counts and is alive.
    func population(now: ContinuousClock.Instant) -> Int {
        records.values.count { $0.isAlive(now: now) }
    }

    /// The interfaces may have changed.
    mutating func lookAtNeighbourhood() {
        for id in records.keys {
            guard var record = records[id] else { continue }
            for index in record.addresses.indices {
                record.addresses[index].isNeighbour = isNeighbour(record.addresses[index].ip)
            }
            records[id] = record
        }
    }
}
