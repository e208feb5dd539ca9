package import Discovery

/// What to do about transfers that are late.
extension Swarm {
    /// A request to a peer that is under way, as the shell sees it.
    package struct Transfer: Sendable {
        package var node: NodeID
        /// The piece that it is at.
        package var piece: Int
        /// Since when it has been at that piece, and when its last byte came (the same while none has).
        package var beganAt: Instant
        package var lastByteAt: Instant
        /// Bytes of that piece that have come.
        package var bytes: Int64
        /// Whether it waits for the piece to arrive at the peer.
        package var isWaiting: Bool

        package init(
            node: NodeID, piece: Int, beganAt: Instant, lastByteAt: Instant, bytes: Int64, isWaiting: Bool
        ) {
            self.node = node
            self.piece = piece
            self.beganAt = beganAt
            self.lastByteAt = lastByteAt
            self.bytes = bytes
            self.isWaiting = isWaiting
        }
    }

    package enum Remedy: Equatable, Sendable {
        /// Ask this node for the piece too; whose answer ends first counts, the other request is cancelled.
        case hedge(NodeID, piece: Int)
        /// Cancel what was asked of this node, and tell that it has failed: the piece is missing again.
        case abandon(NodeID, piece: Int)
    }

    /// What to do about transfers that are late: to be asked a few times a second.
    ///
    /// Second requests are for the end, when there is nothing else to ask for, and for what has stalled. They are bounded, at a time and
    /// in all, and counted (``hedges``): each may be a piece that came twice.
    package mutating func remedies(for underWay: [Transfer], missing: PieceSet, now: Instant) -> [Remedy] {
        var remedies: [Remedy] = []
        let isEnd = missing.isEmpty
        var open = underWay.count - Set(underWay.map(\.piece)).count
        for transfer in underWay.sorted(by: { ($0.beganAt, $0.piece) < ($1.beganAt, $1.piece) }) {
            if isHopeless(transfer, now) {
                remedies.append(.abandon(transfer.node, piece: transfer.piece))
                continue
            }
            guard open < SwarmLimits.hedges, hedges < SwarmLimits.hedges(ofPieces: pieces),
                isLate(transfer, now),
                isEnd || transfer.lastByteAt.duration(to: now) >= SwarmLimits.stalledAfter,
                underWay.count(where: { $0.piece == transfer.piece }) == 1,
                let index = better(having: transfer.piece, besides: transfer.node, now: now)
            else { continue }
            hedges += 1
            open += 1
            remedies.append(.hedge(roster.members[index].node, piece: transfer.piece))
        }
        return remedies
    }

    /// Whether nothing can be expected of a transfer.
    private func isHopeless(_ transfer: Transfer, _ now: Instant) -> Bool {
        let silence = transfer.lastByteAt.duration(to: now)
        if silence >= SwarmLimits.abandonedAfter { return true }
        return silence >= SwarmLimits.stalledAfter && roster[transfer.node].map { $0.failures > 0 } ?? true
    }

    /// Whether a transfer has taken so much longer than others that another would probably be sooner done.
    private func isLate(_ transfer: Transfer, _ now: Instant) -> Bool {
        let elapsed = transfer.beganAt.duration(to: now)
        guard elapsed >= SwarmLimits.lateAfter else { return false }
        let size = Double(DownloadPlan.pieceSize)
        guard let usual = transfer.isWaiting ? upstreamPieceTime : pace.map({ size / $0 }) else {
            return elapsed >= SwarmLimits.stalledAfter
        }
        let seconds = elapsed / .seconds(1)
        guard seconds >= SwarmLimits.lateness * usual else { return false }
        // What is nearly there is sooner there than anything else.
        return transfer.bytes == 0 || seconds * (size / Double(transfer.bytes) - 1) > usual
    }
}
