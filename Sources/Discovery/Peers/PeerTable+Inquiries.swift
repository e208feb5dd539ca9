import OCI

extension PeerTable {
    /// Of more nodes than this nothing is asked on suspicion.
    private static let crowd = 100

    /// What to ask now, and when to look again where something is wanted later. What is returned counts as under way until its
    /// `finish…` is called.
    mutating func startInquiries(now: ContinuousClock.Instant) -> (start: [Inquiry], next: ContinuousClock.Instant?) {
        guard !wanting.isEmpty || callers.contains(where: { $0.value.introduction.isWanted }) else { return ([], nil) }
        var running = countRunning()
        var start: [Inquiry] = []
        for id in wanting.takeDue(at: now) { wanting.insert(id, hasAnswered: records[id]?.hasAnswered == true) }
        // A place that comes free brings the next look; at a thousand nodes most looks end here.
        let strangers = max(1, rules.limits.inquiries / 2)
        let isFull = running.all >= rules.limits.inquiries
        for id in isFull ? [] : wanting.order(placeForStrangers: running.unanswered < strangers) {
            guard running.all < rules.limits.inquiries else { break }
            guard var record = records[id] else { continue }
            // From here on there are strangers only, and their places are taken.
            if !record.hasAnswered, running.unanswered >= strangers, !wanting.sought.contains(id) { break }
            var rest: [ContinuousClock.Instant] = []
            for (due, inquiry) in candidates(of: record, now: now) {
                let isProven = record.hasProven(inquiry.address)
                // While somebody else is asked for there, the place that becomes free brings the next look.
                let turn = isProven ? now : unproven.due(at: inquiry.address.host, now: now)
                // Invented nodes get half of the places at most.
                guard let turn, max(due, turn) <= now, running.all < rules.limits.inquiries,
                    record.hasAnswered || running.unanswered < strangers
                else {
                    rest.append(max(due, turn ?? now))
                    continue
                }
                if !isProven { unproven.begin(inquiry, now: now) }
                begin(inquiry, of: &record)
                wanting.noteTry(record.id)
                asking.insert(record.id)
                running.all += 1
                if !record.hasAnswered { running.unanswered += 1 }
                start.append(inquiry)
            }
            records[record.id] = record
            switch rest.min() {
            case nil:
                wanting.remove(record.id)
            case let due? where due > now:
                wanting.postpone(record.id, until: due)
            default:
                break
            }
        }
        var next = wanting.soonest
        for (address, caller) in callers {
            guard let due = caller.introduction.due(now: now) else { continue }
            guard due <= now else {
                next = min(next ?? due, due)
                continue
            }
            // What the operator named has places of its own, few at a time.
            guard running.all < rules.limits.inquiries * 2 else { continue }
            callers[address]?.introduction.start()
            running.all += 1
            start.append(.caller(at: address))
        }
        return (start, next)
    }

    /// How many inquiries are under way, and how many of them at nodes that never answered.
    private mutating func countRunning() -> (all: Int, unanswered: Int) {
        var running = (all: callers.count { $0.value.introduction.isRunning }, unanswered: 0)
        for id in asking {
            guard let record = records[id] else { continue }
            let count = record.addresses.count { $0.confirmation.isRunning } + (record.mending.isRunning ? 1 : 0)
            if count == 0 { asking.remove(id) }
            running.all += count
            if !record.hasAnswered { running.unanswered += count }
        }
        return running
    }

    private func candidates(
        of record: PeerRecord, now: ContinuousClock.Instant
    ) -> [(ContinuousClock.Instant, Inquiry)] {
        var candidates = record.addresses.compactMap { known in
            known.confirmation.due(now: now).map { ($0, Inquiry.node(record.id, at: known.address)) }
        }
        if record.hasGap, record.isAlive(now: now), let due = record.mending.due(now: now),
            let best = record.bestAddresses(now: now).first
        {
            let inquiry = Inquiry.inventory(
                record.id, at: best.address, epoch: record.epoch, since: record.knownVersion)
            candidates.append((due, inquiry))
        }
        return candidates
    }

    private func begin(_ inquiry: Inquiry, of record: inout PeerRecord) {
        switch inquiry {
        case .node(_, let address):
            if let index = record.index(of: address) { record.addresses[index].confirmation.start() }
        case .caller:
            break
        case .inventory:
            record.mending.start()
            record.mendingToward = record.heardVersion
        }
    }

    /// Mending is wanted where there is a gap. When hundreds of nodes hear the same Hello they ask one after another, each at a moment
    /// of its own.
    mutating func wantMending(of id: NodeID, now: ContinuousClock.Instant) {
        guard let record = records[id], record.hasGap else { return }
        let span = wanting.sought.contains(id) ? 1 : min(records.count, 250)
        let share = Int((own.low ^ id.low) % UInt64(max(span, 1)))
        records[id]?.mending.want(now: now, delay: .milliseconds(share))
        wanting.insert(id, hasAnswered: record.hasAnswered)
    }

    // MARK: Answers

    /// - Parameter document: nil where there was no answer, or none that proves the key.
    mutating func finishNode(
        _ id: NodeID, at address: PeerAddress, document: NodeDocument?, now: ContinuousClock.Instant
    ) {
        unproven.finish(id, at: address, isProven: document?.id == id, now: now)
        guard var record = records[id], let index = record.index(of: address) else { return }
        guard let document else {
            // Asked again when it is heard again; or, where it worked before, when its penalty ends. A node that others tell of may not
            // know yet that this one may ask it, and does not speak here: it is asked again after a while.
            let mayBeEarly = !record.isConfirmed && record.spokeAt == nil
            record.addresses[index].confirmation.fail(now: now, again: mayBeEarly)
            if mayBeEarly { wanting.insert(id, hasAnswered: record.hasAnswered) }
            if record.addresses[index].isConfirmed {
                record.addresses[index].failed(now: now)
                setAside(&record, now: now)
            }
            records[id] = record
            if record.sources.isEmpty, record.isAside {
                // Nothing tells of it any more, and it does not answer.
                if record.isConfirmed { note(.left(id, name: record.name)) }
                remove(id)
            }
            return
        }
        guard document.id == id, document.epoch > 0 else {
            // Somebody else lives here.
            dropAddress(address, of: &record)
            records[id] = record
            if record.addresses.isEmpty { remove(id) }
            return
        }
        let wasConfirmed = record.isConfirmed
        // A rest, so that forged Hellos of other epochs do not become as many requests.
        record.addresses[index].confirmation.succeed(now: now, rest: .seconds(1))
        record.addresses[index].isConfirmed = true
        record.addresses[index].worked(now: now)
        if let name = PrintableName(document.name), !name.text.isEmpty { record.name = name.text }
        if document.epoch != record.epoch {
            self.index.removeAll(of: record.handle)
            references.removeAll(of: record.handle)
            wants.removeAll(of: id)
            record.restart(epoch: document.epoch)
            if wasConfirmed { note(.restarted(id, name: record.name, epoch: document.epoch)) }
        }
        record.hasAnswered = true
        record.isAside = false
        record.heardAt = now
        record.heardVersion = max(record.heardVersion, document.version)
        records[id] = record
        if !wasConfirmed { noteAppearance(of: record, at: record.addresses[index]) }
        wantMending(of: id, now: now)
    }

    /// - Parameter reading: nil where there was no answer, or none that can be used.
    mutating func finishInventory(
        _ id: NodeID, at address: PeerAddress, epoch: UInt64, reading: InventoryReading?, now: ContinuousClock.Instant
    ) {
        unproven.finish(id, at: address, isProven: reading?.epoch == epoch, now: now)
        // Of an earlier epoch: the attempt that is under way now, if any, is another one.
        guard var record = records[id], record.epoch == epoch else { return }
        wanting.endSeeking(id)
        guard let reading else {
            record.mending.fail(now: now, again: record.hasGap)
            records[id] = record
            wanting.insert(id, hasAnswered: record.hasAnswered)
            return
        }
        guard reading.epoch == epoch else {
            record.mending.fail(now: now, again: true)
            if let index = record.index(of: address) { wantConfirmation(of: &record, at: index, now: now) }
            records[id] = record
            wanting.insert(id, hasAnswered: record.hasAnswered)
            return
        }
        if reading.version < record.mendingToward {
            // What was announced is not there: somebody else announced it, or the node is not in order.
            record.mending.fail(now: now, again: false)
        } else {
            record.mending.succeed(now: now)
        }
        record.hasAnswered = true
        if let index = record.index(of: address) { record.addresses[index].worked(now: now) }
        take(reading, of: record.handle, now: now)
        if reading.version > record.knownVersion { expectMore(of: &record, at: address, now: now) }
        // An inline change may have come meanwhile, and what is read now is older: then it is asked for once more.
        record.knownVersion = reading.version
        // The node's own word over HTTP holds against what a datagram said of it.
        if record.heardVersion == record.mendingToward { record.heardVersion = reading.version }
        record.heardVersion = max(record.heardVersion, reading.version)
        if !record.hasGap { record.newest = [] }
        records[id] = record
        wantMending(of: id, now: now)
    }

    /// News come in bursts, and mDNS may tell of them once a second only: a node that is not heard here itself is looked at once more after
    /// news of it. In a crowd, where that would be many questions, it is waited for.
    private mutating func expectMore(of record: inout PeerRecord, at address: PeerAddress, now: ContinuousClock.Instant)
    {
        guard records.count <= Self.crowd, !record.speaksHere(now: now), let index = record.index(of: address) else {
            return
        }
        record.addresses[index].confirmation.want(now: now, delay: .milliseconds(500))
        wanting.insert(record.id, hasAnswered: record.hasAnswered)
    }

    private mutating func take(
        _ reading: InventoryReading, of handle: HolderIndex.Handle, now: ContinuousClock.Instant
    ) {
        if reading.isFull {
            index.replace(reading.added, of: handle)
            references.removeAll(of: handle)
        } else {
            index.remove(reading.removed, of: handle)
            for entry in reading.added { index.insert(entry, of: handle) }
            for reference in reading.removedReferences { references.remove(reference, of: handle) }
        }
        guard rules.believesReferences else { return }
        for entry in reading.references { references.insert(entry, of: handle, now: now) }
    }
}
