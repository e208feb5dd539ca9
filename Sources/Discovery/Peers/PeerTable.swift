import OCI

/// Who is there, where, how far their inventories are known, and what to ask them next. A value: datagrams, answers, outcomes and the
/// time come in; what others may rely on comes out. `Directory` is the lock around it.
struct PeerTable: Sendable {
    struct Rules: Sendable {
        /// With a cluster key nobody counts before it has proved that it holds the key.
        var requiresProof: Bool
        /// Whether what peers say of tags counts.
        var believesReferences: Bool
        var limits = DirectoryLimits()
        /// Without a key, too, nobody counts before it has answered over HTTP: over TLS that shows whose certificate it has.
        var asksFirst = false
        /// A node that is silent for longer is forgotten.
        var memory = Duration.seconds(600)

        /// Whether a node counts when a datagram of it has come, as far as that goes.
        var trustsDatagrams: Bool { !requiresProof && !asksFirst }
    }

    let own: NodeID
    let rules: Rules
    var records: [NodeID: PeerRecord] = [:]
    var index: HolderIndex
    var references: ReferenceIndex
    var wants: WantTable
    private(set) var events: [PeerEvent] = []

    /// Nodes that want to be asked something; the others need not be looked at.
    var wanting = InquiryQueue()
    /// Nodes that are being asked something; some of them may not be any more.
    var asking: Set<NodeID> = []
    /// Where somebody is said to be who has not answered there yet.
    var unproven = UnprovenAddresses()
    /// Addresses without a name to them.
    var callers: [PeerAddress: Caller] = [:]
    /// Where this node may look for peers that others tell of.
    var allows: @Sendable (IPAddress) -> Bool = { _ in true }
    /// Whether an address is on a subnet of this machine.
    var isNeighbour: @Sendable (IPAddress) -> Bool = { _ in true }
    /// Addresses that the operator named.
    var named: Set<IPAddress> = []
    private var ids: [NodeID?] = []
    private var freeHandles: [HolderIndex.Handle] = []
    private var claimsByAddress: [IPAddress: Int] = [:]

    init(own: NodeID, rules: Rules) {
        self.own = own
        self.rules = rules
        let limits = rules.limits
        index = HolderIndex(limitPerPeer: limits.digestsPerPeer, limit: limits.digests)
        references = ReferenceIndex(limitPerPeer: limits.referencesPerPeer, limit: limits.references)
        wants = WantTable(limitPerPeer: limits.wantsPerPeer, limit: limits.wants)
    }

    // MARK: What others may rely on

    func peer(_ id: NodeID, now: ContinuousClock.Instant) -> Peer? {
        guard let record = records[id], record.isConfirmed else { return nil }
        return Peer(
            id: id,
            name: record.name,
            addresses: record.bestAddresses(now: now).map(\.address),
            epoch: record.epoch,
            version: record.knownVersion,
            state: record.isAlive(now: now) ? .alive : .suspect,
            sources: record.sources,
            blobs: index.count(of: record.handle))
    }

    func peers(now: ContinuousClock.Instant) -> [Peer] {
        records.keys.sorted().compactMap { peer($0, now: now) }
    }

    /// Alive ones only.
    func holders(
        of digest: Digest, now: ContinuousClock.Instant
    ) -> [(peer: Peer, size: Int64, isProven: Bool)] {
        index.holders(of: digest).compactMap { holder in
            alivePeer(holder.handle, now: now).map { ($0, holder.size, holder.isProven) }
        }
    }

    func holdersBefore(_ own: NodeID, of digest: Digest, question: UInt64, now: ContinuousClock.Instant) -> Int {
        func rank(_ id: NodeID) -> UInt64 { (id.low ^ question) &* 0x9e37_79b9_7f4a_7c15 }
        return index.holders(of: digest).count { holder in
            guard let id = ids[Int(holder.handle)], records[id]?.isAlive(now: now) == true else { return false }
            return rank(id) < rank(own)
        }
    }

    func isInStep(now: ContinuousClock.Instant) -> Bool {
        !records.values.contains { $0.isAlive(now: now) && $0.hasGap }
    }

    /// Whether a known node was heard from here.
    func isPeerAddress(_ ip: IPAddress) -> Bool { claimsByAddress[ip] != nil }

    func alivePeer(_ handle: HolderIndex.Handle, now: ContinuousClock.Instant) -> Peer? {
        guard let id = ids[Int(handle)], records[id]?.isAlive(now: now) == true else { return nil }
        return peer(id, now: now)
    }

    // MARK: Outcomes

    mutating func report(_ outcome: PeerOutcome, of id: NodeID, at address: PeerAddress, now: ContinuousClock.Instant) {
        guard var record = records[id], let index = record.index(of: address) else { return }
        switch outcome {
        case .worked:
            record.addresses[index].worked(now: now)
            record.isAside = false
        case .refused, .timedOut:
            record.addresses[index].failed(now: now)
        case .broke:
            record.addresses[index].breaks += 1
            if record.addresses[index].breaks >= 3 { record.addresses[index].failed(now: now) }
        }
        setAside(&record, now: now)
        records[id] = record
    }

    /// A peer none of whose addresses may be asked is put aside, and asked again when the first penalty ends.
    mutating func setAside(_ record: inout PeerRecord, now: ContinuousClock.Instant) {
        let confirmed = record.addresses.indices.filter { record.addresses[$0].isConfirmed }
        guard !confirmed.isEmpty, confirmed.allSatisfy({ record.addresses[$0].isAside(now: now) }) else { return }
        record.isAside = true
        for index in confirmed {
            guard let until = record.addresses[index].asideUntil else { continue }
            record.addresses[index].confirmation.want(now: now, delay: until - now)
        }
        wanting.insert(record.id, hasAnswered: record.hasAnswered)
    }

    mutating func withdraw(_ digest: Digest, of id: NodeID) {
        guard let record = records[id] else { return }
        index.remove(digest, of: record.handle)
    }

    // MARK: Coming and going

    /// Makes a record, where the limits allow.
    mutating func admit(
        _ id: NodeID, name: String, epoch: UInt64, interval: Duration, source: Peer.Source, ip: IPAddress, port: UInt16,
        isHeard: Bool = true, now: ContinuousClock.Instant
    ) -> Bool {
        // What others tell of an address does not keep out who speaks from it.
        if isHeard, claimsByAddress[ip] ?? 0 >= rules.limits.peersPerAddress,
            let told = records.values.first(where: { !$0.isConfirmed && $0.spokeAt == nil && $0.holds(ip) })
        {
            remove(told.id)
        }
        guard claimsByAddress[ip] ?? 0 < rules.limits.peersPerAddress else { return false }
        if records.count >= rules.limits.peers { makeRoom(now: now) }
        guard records.count < rules.limits.peers, let handle = takeHandle(for: id) else { return false }
        records[id] = PeerRecord(
            id: id, handle: handle, name: name, epoch: epoch, sources: [source], heardAt: now, interval: interval,
            spokeAt: isHeard ? now : nil)
        if isHeard { wanting.noteSpoken(id) }
        addAddress(to: id, ip: ip, port: port, isHeard: isHeard, now: now)
        return true
    }

    /// Adds an address, or notes that it was heard again. Returns whether it counts.
    /// - Parameter isHeard: whether the node spoke from there itself, and was not told of by others.
    @discardableResult
    mutating func addAddress(
        to id: NodeID, ip: IPAddress, port: UInt16, isHeard: Bool = true, now: ContinuousClock.Instant
    ) -> Bool {
        guard var record = records[id] else { return false }
        defer { records[id] = record }
        if let known = record.addresses.firstIndex(where: { $0.ip == ip && $0.address.port == Int(port) }) {
            if isHeard {
                record.addresses[known].heardAt = now
                record.addresses[known].isVouchedFor = true
            }
            if !record.addresses[known].isConfirmed { wantConfirmation(of: &record, at: known, now: now) }
            return record.addresses[known].isConfirmed
        }
        if record.addresses.count >= rules.limits.addressesPerPeer {
            // One that nobody hears of any more goes; honest ones are heard every few seconds.
            guard
                let oldest = record.addresses.indices.filter({
                    !record.addresses[$0].isConfirmed || now - record.addresses[$0].heardAt > .seconds(60)
                }).min(by: { record.addresses[$0].heardAt < record.addresses[$1].heardAt })
            else { return false }
            forgetClaim(record.addresses.remove(at: oldest).ip)
        }
        let counts = isHeard && rules.trustsDatagrams && !record.isConfirmed
        record.addresses.append(
            KnownAddress(
                ip: ip, port: port, isConfirmed: counts, isNeighbour: isNeighbour(ip), isVouchedFor: isHeard, now: now))
        claimsByAddress[ip, default: 0] += 1
        if counts {
            noteAppearance(of: record, at: record.addresses[record.addresses.count - 1])
        } else {
            wantConfirmation(of: &record, at: record.addresses.count - 1, now: now)
        }
        return counts
    }

    mutating func wantConfirmation(of record: inout PeerRecord, at index: Int, now: ContinuousClock.Instant) {
        record.addresses[index].confirmation.want(now: now)
        wanting.insert(record.id, hasAnswered: record.hasAnswered)
    }

    mutating func dropAddress(_ address: PeerAddress, of record: inout PeerRecord) {
        guard let index = record.index(of: address) else { return }
        forgetClaim(record.addresses.remove(at: index).ip)
    }

    mutating func noteAppearance(of record: PeerRecord, at address: KnownAddress) {
        note(.appeared(record.id, name: record.name, address.address))
    }

    mutating func note(_ event: PeerEvent) {
        // The log is read at every turn; what does not fit tells of a flood and of nothing else.
        if events.count < 64 { events.append(event) }
    }

    mutating func takeEvents() -> [PeerEvent] {
        defer { events = [] }
        return events
    }

    mutating func remove(_ id: NodeID) {
        guard let record = records.removeValue(forKey: id) else { return }
        for address in record.addresses { forgetClaim(address.ip) }
        index.removeAll(of: record.handle)
        references.removeAll(of: record.handle)
        wants.removeAll(of: id)
        wanting.forget(id)
        asking.remove(id)
        ids[Int(record.handle)] = nil
        freeHandles.append(record.handle)
    }

    /// Forgets whoever was silent for too long. An unconfirmed node is one that nobody relies on: it goes sooner.
    mutating func tick(now: ContinuousClock.Instant) {
        for record in records.values {
            let patience = record.isConfirmed ? rules.memory : min(rules.memory, .seconds(60))
            guard now - record.heardAt > patience else { continue }
            if record.isConfirmed { note(.forgotten(record.id, name: record.name)) }
            remove(record.id)
        }
        checkUpOnTheSilent(now: now)
        unproven.tick(now: now)
    }

    /// The table is full. The longest silent of those that are not alive goes; else the oldest of those that never answered over
    /// HTTP, which a flood of invented nodes never does. Honest nodes that are alive stay.
    private mutating func makeRoom(now: ContinuousClock.Instant) {
        let silent = records.values.filter { !$0.isAlive(now: now) }.min { $0.heardAt < $1.heardAt }
        let invented = silent ?? records.values.filter { !$0.hasAnswered }.min { $0.heardAt < $1.heardAt }
        if let victim = invented { remove(victim.id) }
    }

    private mutating func takeHandle(for id: NodeID) -> HolderIndex.Handle? {
        if let handle = freeHandles.popLast() {
            ids[Int(handle)] = id
            return handle
        }
        guard ids.count < Int(HolderSets.handleLimit) else { return nil }
        let handle = HolderIndex.Handle(ids.count)
        ids.append(id)
        return handle
    }

    private mutating func forgetClaim(_ ip: IPAddress) {
        guard let count = claimsByAddress[ip] else { return }
        claimsByAddress[ip] = count > 1 ? count - 1 : nil
    }
}
