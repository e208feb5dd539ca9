import Discovery

/// Who was asked for a blob and what came of it. A value; bounded: peers beyond the limit share one account.
struct SourceAccounts: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// Accounts of one download, upstream's and the shared one among them.
    static let limit = 32

    private struct Account {
        var record: DownloadRecord.Source
        var firstAt: Instant?
        var lastAt: Instant?
    }

    private var accounts: [ByteSource?: Account] = [:]

    /// A source is about to be asked.
    /// - Parameter holders: those who say that they have the whole blob.
    mutating func asked(_ source: DownloadPlan.Source, holders: [NodeID], now: Instant) {
        // Who else had it is told of the first decision; later ones look at those alone who are asked.
        if accounts.isEmpty {
            for holder in holders.prefix(Self.limit - 2) { update(.peer(holder)) { $0.record.holds = true } }
        }
        update(source) { account in
            account.record.requests += 1
            if case .peer(let node) = source, holders.contains(node) { account.record.holds = true }
            if account.firstAt == nil { account.firstAt = now }
        }
    }

    /// A request has ended.
    /// - Parameters:
    ///   - reason: why, where it failed; nil where it did not, or was not wanted any more.
    ///   - size: of the blob, where it is known.
    mutating func ended(_ run: DownloadPlan.Run, _ reason: FailureReason?, size: Int64?, now: Instant) {
        update(run.source) { account in
            account.record.bytes += run.received
            account.record.pieces += run.finishedPieces(size: size)
            account.lastAt = now
            if let reason = run.hasStalled ? .stalled : run.cancelled ? nil : reason {
                account.record.failures[reason, default: 0] += 1
            }
        }
    }

    /// A peer's bytes were wrong, or among such.
    mutating func blamed(_ peer: NodeID) {
        update(.peer(peer)) { $0.record.failures[.damaged, default: 0] += 1 }
    }

    /// Everything so far.
    /// - Parameter running: requests that have not ended.
    func sources(
        running: some Collection<DownloadPlan.Run>, size: Int64?, now: Instant
    ) -> [DownloadRecord.Source] {
        var all = self
        for run in running {
            all.update(run.source) { account in
                account.record.bytes += run.received
                account.record.pieces += run.finishedPieces(size: size)
                account.lastAt = now
            }
        }
        let records = all.accounts.values.map { account in
            var record = account.record
            if let first = account.firstAt, let last = account.lastAt {
                record.seconds = first.duration(to: last) / .seconds(1)
            }
            return record
        }
        return records.sorted { one, other in
            (one.bytes, one.requests, "\(other.source as Any)") > (other.bytes, other.requests, "\(one.source as Any)")
        }
    }

    private mutating func update(_ source: DownloadPlan.Source, _ body: (inout Account) -> Void) {
        let hasRoom = accounts.count < Self.limit - 2
        let key: ByteSource? =
            switch source {
            case .upstream: .upstream
            case .peer(let node): hasRoom || accounts[.peer(node)] != nil ? .peer(node) : nil
            }
        body(&accounts[key, default: Account(record: DownloadRecord.Source(key))])
    }
}

extension DownloadPlan.Run {
    /// The pieces that it brought the last byte of.
    func finishedPieces(size: Int64?) -> Int {
        guard received > 0 else { return 0 }
        let start = max(0, position - received)
        let isAtEnd = position == size && position % DownloadPlan.pieceSize != 0
        return Int(position / DownloadPlan.pieceSize - start / DownloadPlan.pieceSize) + (isAtEnd ? 1 : 0)
    }
}
