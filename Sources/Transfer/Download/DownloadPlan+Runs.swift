import Discovery

/// The life of a run: opened, written, ended.
extension DownloadPlan {
    enum OpenDecision: Equatable, Sendable {
        /// Write what comes from this offset on.
        case proceed
        /// The source's answer does not fit: drop it, and tell ``runEnded(_:_:now:)``.
        case refuse(String)
        /// The run is not wanted any more.
        case stop
    }

    /// A source has answered: its bytes begin at `offset`, and the whole blob has `total` of them.
    mutating func runOpened(
        _ id: RunID, offset: Int64, total: Int64?, rangeIgnored: Bool, now: Instant
    ) -> OpenDecision {
        guard var run = runs[id], !run.cancelled else { return .stop }
        if let total {
            guard Self.isPossible(total) else {
                if case .peer(let peer) = run.source { excludedPeers.insert(peer) }
                return .refuse("the source says that the blob has \(total) bytes, which no blob has")
            }
            switch (size, run.source) {
            case (nil, _):
                learnSize(total, isUpstreams: run.source == .upstream)
            case (let known?, .upstream) where known != total && !sizeIsUpstreams:
                // A manifest or a peer had claimed another size.
                learnSize(total, isUpstreams: true)
            case (let known?, .upstream) where known != total:
                return .refuse("upstream says that the blob has \(total) bytes, but it has \(known)")
            case (let known?, .peer(let peer)) where known != total:
                excludedPeers.insert(peer)
                return .refuse("the peer says that the blob has \(total) bytes, but it has \(known)")
            default:
                if run.source == .upstream { sizeIsUpstreams = true }
            }
        }
        if rangeIgnored || offset != run.position {
            guard offset == 0, run.source == .upstream else {
                return .refuse("the answer begins at \(offset) instead of \(run.position)")
            }
            ignoresRanges = true
            // One node streams it all; the others follow that one.
            guard mayStreamWhole(now) else { return .stop }
            for other in runs.keys where other != id { runs[other]?.cancelled = true }
            run.position = 0
            run.end = nil
        }
        run.opened = true
        run.openedAt = now
        runs[id] = run
        return .proceed
    }

    enum WriteDecision: Equatable, Sendable {
        /// Write these parts of the chunk (ranges of the blob); the rest is here already.
        case write([Range<Int64>])
        /// The run has come to the end of its claim, or is not wanted any more.
        case stop
        /// More bytes came than the blob has.
        case overflow
    }

    /// A chunk of `count` bytes has come for a run. What is to be written of it is no longer counted as here until ``wrote(_:_:)``.
    mutating func willWrite(_ id: RunID, count: Int64) -> WriteDecision {
        guard let run = runs[id], !run.cancelled else { return .stop }
        if let size, run.position + count > size, run.end == nil || run.end == size { return .overflow }
        let chunk = run.position..<min(run.position + count, run.end ?? .max)
        guard !chunk.isEmpty else { return .stop }
        var parts: [Range<Int64>] = []
        var at = chunk.lowerBound
        // Upstream's bytes replace a peer's; nothing replaces what is here from the same kind of source or a better one.
        while let gap = present.firstGap(
            from: at, before: chunk.upperBound, where: { run.source != .upstream || mayGo($0) })
        {
            parts += unwritten(gap)
            at = gap.upperBound
        }
        if run.source == .upstream, parts.contains(where: overlapsPeersBytes) {
            for part in parts {
                takeBack(part)
                present.remove(part)
            }
        }
        writing[id] = parts
        return .write(parts)
    }

    /// What no other run is writing at this moment: of two that write the same bytes nobody could tell whose are there, and one would
    /// change them after they have been hashed.
    private func unwritten(_ range: Range<Int64>) -> [Range<Int64>] {
        writing.values.joined().reduce([range]) { rest, other in
            rest.flatMap {
                [$0.clamped(to: .min..<other.lowerBound), $0.clamped(to: other.upperBound..<(.max))]
            }.filter { !$0.isEmpty }
        }
    }

    private func overlapsPeersBytes(_ range: Range<Int64>) -> Bool {
        present.extents.contains { $0.provenance != .upstream && $0.range.overlaps(range) }
    }

    /// The parts of a chunk that ``willWrite(_:count:)`` asked for are in the spool.
    /// - Returns: whether the run is to go on.
    mutating func wrote(_ id: RunID, _ parts: [Range<Int64>], count: Int64, now: Instant) -> Bool {
        guard var run = runs[id] else { return false }
        writing[id] = nil
        for part in parts {
            // The blob may have turned out to be shorter meanwhile.
            let part = part.clamped(to: 0..<(size ?? .max))
            guard !part.isEmpty else { continue }
            present.insert(part, from: run.source.provenance)
            noteWritten(part, by: run.source)
        }
        let brought = parts.reduce(0) { $0 + Int64($1.count) }
        counts.duplicateBytes += count - brought
        if brought > 0 {
            noteProgress(brought, now: now)
            swarm?.progressed(now: now)
        }
        if case .peer(let peer) = run.source { peersUsed.insert(peer) }
        let end = run.end ?? size ?? .max
        let next = min(run.position + count, end)
        if next / Self.pieceSize != run.position / Self.pieceSize { run.pieceBeganAt = now }
        run.lastByteAt = now
        run.position = next
        run.received += count
        // What is here already is no progress, however often it is sent.
        run.brought += brought
        if run.source == .upstream, brought > 0 { upstreamBrought(run) }
        runs[id] = run
        return !run.cancelled && run.position < end
    }

    /// The body of a run's answer has ended by itself: where it should?
    func bodyEnded(_ id: RunID) -> Ending {
        guard let run = runs[id], let end = run.end ?? size, run.position < end else { return .finished }
        return .broke("the answer ended at byte \(run.position) of \(end)")
    }

    /// How a run came to its end.
    enum Ending: Equatable, Sendable {
        /// The body ended where it should, or the run was cancelled.
        case finished
        /// The transfer broke off, or the answer made no sense: worth another try.
        case broke(String)
        /// The source is busy, or asks to be left alone for a while.
        case busy(String, retryAfter: Duration?, holders: [NodeID] = [])
        /// The source will not give this blob.
        case refused(String)
        /// The source has the blob, but not these bytes.
        case noSuchRange(String)
        /// The peer does not have these bytes yet; what it has, as `Shoal-Pieces`.
        case lacks(String, pieces: String)
    }

    mutating func runEnded(_ id: RunID, _ ending: Ending, now: Instant) {
        guard let run = runs.removeValue(forKey: id) else { return }
        writing[id] = nil
        tellSwarm(of: run, ending, now: now)
        if case .finished = ending {
            if size == nil, run.opened, run.end == nil, !run.cancelled {
                // The body had no length: its end is the blob's.
                learnSize(run.position, isUpstreams: false)
            }
            return
        }
        if run.cancelled { return }
        switch run.source {
        case .peer(let peer): peerEnded(peer, ending, received: run.received)
        case .upstream:
            if case .noSuchRange = ending, restartsWithoutRange(of: run) { return }
            upstreamEnded(run, ending, now: now)
        }
        switch ending {
        case .broke(let message), .busy(let message, _, _), .refused(let message), .noSuchRange(let message),
            .lacks(let message, _):
            lastFailure = message
        case .finished: break
        }
    }

    private mutating func peerEnded(_ peer: NodeID, _ ending: Ending, received: Int64) {
        switch ending {
        case .finished: break
        case .busy where swarm != nil: break
        // In a swarm transfers break off where those before them do; who fails is left alone for a while, and no longer.
        case .broke where swarm?.isShared == true: break
        case .broke where swarm != nil:
            var failures = peerFailures[peer] ?? (0, 0)
            failures.breaks += 1
            failures.fruitless = received > 0 ? 0 : failures.fruitless + 1
            peerFailures[peer] = failures
            if failures.breaks > Self.peerBreaks || failures.fruitless >= Self.peerFruitless {
                excludedPeers.insert(peer)
            }
        case .lacks: break
        case .broke, .busy, .refused, .noSuchRange: excludedPeers.insert(peer)
        }
    }

    mutating func lanAnswered() { askedLAN = .answered }

    /// Nobody reads any more: sources are let go, bytes stay.
    mutating func pause() {
        for id in runs.keys { runs[id]?.cancelled = true }
    }

    /// Nothing more will come.
    mutating func stop(_ message: String) {
        phase = .failed(.stopping, message)
        pause()
    }

    /// The spool cannot take more bytes.
    mutating func outOfSpace(_ message: String) {
        phase = .failed(.noSpace, message)
        pause()
    }
}

/// What the digest says of the bytes.
extension DownloadPlan {
    /// - Returns: whom to blame: their pieces were not what others had rightly said that they are.
    @discardableResult
    mutating func verified() -> [Action] {
        phase = .verified
        pause()
        if let size, swarm != nil {
            for piece in 0..<Self.pieces(of: size) { log.append(piece, sum: nil, origin: nil) }
        }
        return convicted.sorted().map { .blame($0, convicted: true) }
    }

    /// All bytes are here and their digest is wrong.
    mutating func mismatched(_ message: String) -> [Action] {
        takeBackAll()
        lastFailure = message
        if present.extents.contains(where: { $0.provenance != .upstream }) {
            let suspects = peersUsed.union(claims.givers)
            let convicted =
                suspects.count == 1 && !hasRecovered && !present.extents.contains { $0.provenance == .upstream }
            let actions = suspects.sorted().map { Action.blame($0, convicted: convicted) }
            excludedPeers.formUnion(suspects)
            dropPeersBytes()
            leaveSwarm()
            if !sizeIsUpstreams { size = nil }
            return actions
        }
        present.removeAll()
        beginLogAnew()
        // What gave wrong bytes may have given a wrong size, too.
        sizeIsUpstreams = false
        upstreamMismatches += 1
        if upstreamMismatches > 1 || released > 0 {
            phase = .failed(.damaged, message)
        }
        return []
    }

    mutating func dropPeersBytes() {
        present.removeAll(from: .peer)
        present.removeAll(from: .checked)
        beginLogAnew()
        peersUsed = []
        writers = [:]
        hasRecovered = false
        takeBackAll()
        for id in runs.keys {
            if case .peer = runs[id]?.source { runs[id]?.cancelled = true }
        }
    }

    mutating func revive() {
        phase = .fetching
        doubtSize()
        distrustsClaims = false
        excludedPeers = []
        forgiveUpstream()
        splits = 0
        askedLAN = .notAsked
        peerFailures = [:]
        progressAt = nil
        peersTooSlow = false
        nobodyProves = false
        takenOver = false
        released = 0
    }
}
