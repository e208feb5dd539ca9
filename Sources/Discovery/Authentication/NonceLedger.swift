/// Which counts of which nonces were used by whom. Only requests with a right code get here, so only members can make it grow; and
/// it is bounded even so.
///
/// What is forgotten for want of room must not become usable again: the oldest nonces go, and with them every nonce that is
/// as old. Their holders are challenged anew, which costs them one round trip.
struct NonceLedger: Sendable {
    private struct Use: Hashable, Sendable {
        var node: NodeID
        var salt: [UInt8]
        var milliseconds: UInt64
    }

    private let lifetime: UInt64
    private let limit: Int
    private var uses: [Use: ReplayWindow] = [:]
    /// Nonces made at this time or earlier no longer count.
    private var floor: UInt64?

    /// - Parameters:
    ///   - lifetime: of a nonce, in milliseconds.
    ///   - limit: pairs of node and nonce.
    init(lifetime: UInt64, limit: Int) {
        self.lifetime = lifetime
        self.limit = limit
    }

    var count: Int { uses.count }

    func isCurrent(_ nonce: ServerNonce, now: UInt64) -> Bool {
        guard nonce.milliseconds <= now, now - nonce.milliseconds < lifetime else { return false }
        return floor.map { nonce.milliseconds > $0 } ?? true
    }

    /// Whether this count of a current nonce is new; it is not the next time.
    mutating func admit(_ count: UInt64, of nonce: ServerNonce, by node: NodeID, now: UInt64) -> Bool {
        guard isCurrent(nonce, now: now) else { return false }
        let use = Use(node: node, salt: nonce.salt, milliseconds: nonce.milliseconds)
        if uses[use] == nil, uses.count >= limit { makeRoom(now: now) }
        guard isCurrent(nonce, now: now) else { return false }
        return uses[use, default: ReplayWindow()].admit(count)
    }

    private mutating func makeRoom(now: UInt64) {
        // Another thread may have read the clock later than this one.
        uses = uses.filter { $0.key.milliseconds > now || now - $0.key.milliseconds < lifetime }
        guard uses.count >= limit else { return }
        // A quarter at once, so that a ledger that is full does not sort for every request.
        let ages = uses.keys.map(\.milliseconds).sorted()
        let newestGone = ages[limit / 4]
        floor = newestGone
        uses = uses.filter { $0.key.milliseconds > newestGone }
    }
}
