import OCI

// What mDNS, the configuration, DNS and other nodes tell. None of it makes an address count: `GET /v1/node` has to be answered there.

extension PeerTable {
    mutating func sight(_ sighting: Sighting, now: ContinuousClock.Instant) {
        let places = sighting.addresses.compactMap { KnownAddress.Place($0) }
        // What the operator named is allowed by that.
        let isNamed = sighting.source == .static || sighting.source == .dns
        let addresses = isNamed ? places : places.filter { allows($0.ip) }
        guard let id = sighting.id else {
            for place in addresses { call(at: place.address, source: sighting.source, now: now) }
            return
        }
        guard id != own else { return }
        if records[id] == nil {
            guard let first = addresses.first,
                admit(
                    id, name: sighting.name ?? "", epoch: sighting.epoch ?? 0, interval: checkupInterval,
                    source: sighting.source, ip: first.ip, port: first.port, isHeard: false, now: now)
            else { return }
        }
        for place in addresses { addAddress(to: id, ip: place.ip, port: place.port, isHeard: false, now: now) }
        guard var record = records[id] else { return }
        record.sources.insert(sighting.source)
        if !record.isConfirmed, record.name.isEmpty, let name = sighting.name.flatMap({ PrintableName($0) }) {
            record.name = name.text
        }
        if let epoch = sighting.epoch, epoch != record.epoch {
            // Only the node itself may say that it has started anew.
            if epoch > record.epoch || !record.isAlive(now: now) { checkUp(&record, now: now) }
        } else if let version = sighting.version {
            record.heardVersion = max(record.heardVersion, version)
            Self.note(sighting.newest, of: &record)
        }
        records[id] = record
        wantMending(of: id, now: now)
    }

    mutating func lose(_ id: NodeID, source: Peer.Source, now: ContinuousClock.Instant) {
        guard var record = records[id], record.sources.remove(source) != nil else { return }
        // Nothing tells of it any more: it has left, or its word was lost on the way. It is gone when it answers nowhere.
        if record.sources.isEmpty {
            for index in record.addresses.indices { wantConfirmation(of: &record, at: index, now: now) }
        }
        records[id] = record
    }

    // MARK: Checkups

    /// Between two looks at a node that sends no Hellos to here; rarer where there are many.
    var checkupInterval: Duration { max(.seconds(5), .milliseconds(50) * records.count) }

    /// Asks those who are told of and do not speak themselves whether they are still there.
    mutating func checkUpOnTheSilent(now: ContinuousClock.Instant) {
        for var record in records.values {
            // Of whom nothing tells any more it may have answered once more while it was draining.
            guard record.sources.isEmpty || !record.sources.isDisjoint(with: Peer.Source.told),
                now - record.heardAt >= record.interval * 1.3
            else { continue }
            checkUp(&record, now: now)
            records[record.id] = record
        }
        callers = callers.filter { now - $0.value.toldAt < Caller.memory }
    }

    /// Wants to know of the best address whether the node is there, or of all while none counts.
    mutating func checkUp(_ record: inout PeerRecord, now: ContinuousClock.Instant) {
        if let best = record.bestAddresses(now: now).first, let index = record.index(of: best.address) {
            if !best.isAside(now: now) { wantConfirmation(of: &record, at: index, now: now) }
        } else {
            for index in record.addresses.indices { wantConfirmation(of: &record, at: index, now: now) }
        }
    }

    /// Asks the holders of a blob that have not been heard for a second whether they are there, a few of them.
    mutating func doubt(holdersOf digest: Digest, now: ContinuousClock.Instant) {
        let silent = holders(of: digest, now: now).compactMap { records[$0.peer.id] }.filter {
            now - $0.heardAt > .seconds(1)
        }
        for var record in silent.prefix(rules.limits.inquiries) {
            for index in record.addresses.indices
            where record.addresses[index].isConfirmed && !record.addresses[index].isAside(now: now) {
                wantConfirmation(of: &record, at: index, now: now)
            }
            records[record.id] = record
        }
    }

    // MARK: Callers

    private mutating func call(at address: PeerAddress, source: Peer.Source, now: ContinuousClock.Instant) {
        if let known = records.values.first(where: { $0.addresses.contains { $0.address == address && $0.isConfirmed } }
        ) {
            records[known.id]?.sources.insert(source)
            return
        }
        guard callers[address] != nil || callers.count < Caller.limit else { return }
        var caller = callers[address] ?? Caller(source: source, toldAt: now)
        caller.toldAt = now
        if !caller.isSelf, !caller.introduction.isRunning { caller.introduction.want(now: now) }
        callers[address] = caller
    }

    /// - Parameter document: nil where nobody answered, or nobody who proves the key.
    mutating func finishCaller(at address: PeerAddress, document: NodeDocument?, now: ContinuousClock.Instant) {
        guard var caller = callers[address] else { return }
        guard let document, document.epoch > 0 else {
            caller.introduction.fail(now: now, again: true)
            callers[address] = caller
            return
        }
        caller.introduction.succeed(now: now)
        caller.isSelf = document.id == own
        callers[address] = caller.isSelf ? caller : nil
        guard !caller.isSelf, let place = KnownAddress.Place(address) else { return }
        if records[document.id] == nil {
            guard
                admit(
                    document.id, name: "", epoch: document.epoch, interval: checkupInterval, source: caller.source,
                    ip: place.ip, port: place.port, isHeard: false, now: now)
            else { return }
        }
        addAddress(to: document.id, ip: place.ip, port: place.port, isHeard: false, now: now)
        records[document.id]?.sources.insert(caller.source)
        finishNode(document.id, at: address, document: document, now: now)
    }
}

extension Peer.Source {
    /// Those that go on telling of a node that is silent.
    static let told: Set<Peer.Source> = [.mdns, .static, .dns, .introduced]
}
