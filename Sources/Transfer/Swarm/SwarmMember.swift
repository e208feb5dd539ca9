package import Discovery

/// What a download knows of another node that has the blob, or wants it too.
package struct SwarmMember: Sendable {
    package typealias Instant = ContinuousClock.Instant

    package let node: NodeID
    /// It holds the whole blob, by its inventory.
    package internal(set) var isHolder = false
    /// Pieces that it has, as far as it was heard.
    package internal(set) var have: PieceSet
    /// Pieces that are coming to it from upstream right now.
    package internal(set) var fetching: PieceSet
    /// Whether it says that it can ask upstream.
    var hasUpstream = true
    let joinedAt: Instant
    var heardAt: Instant?
    /// When it was last asked what it has; an answer is awaited while `isAsked`.
    var askedAt: Instant?
    var isAsked = false
    /// When it last had more than before, or fetched something else.
    var grewAt: Instant
    /// When it was first seen fetching what it fetches now.
    var fetchingSince: Instant
    /// Transfers from it that are under way.
    package internal(set) var transfers = 0
    /// Failures since it last answered.
    var failures = 0
    /// Refusals since it last gave something: each makes it left alone for longer.
    var refusals = 0
    /// How often it did not have what it was said to have, since it last gave something.
    var lacks = 0
    /// Left alone until then: it failed.
    var asideUntil: Instant?
    /// Not asked for pieces until then: it has as much to do as it can.
    var busyUntil: Instant?
    /// Bytes a second of its last transfers; nil before the first.
    var rate: Double?

    init(_ node: NodeID, pieces: Int, now: Instant) {
        self.node = node
        have = PieceSet(count: pieces)
        fetching = PieceSet(count: pieces)
        joinedAt = now
        grewAt = now
        fetchingSince = now
    }

    mutating func transferEnded(bytes: Int64, seconds: Double) {
        transfers = max(0, transfers - 1)
        guard bytes > 0, seconds > 0 else { return }
        refusals = 0
        lacks = 0
        let last = Double(bytes) / seconds
        rate = rate.map { 0.7 * $0 + 0.3 * last } ?? last
    }

    func isUsable(_ now: Instant) -> Bool {
        asideUntil.map { $0 <= now } ?? true
    }

    /// Whether it can be asked for a piece now.
    func isFree(_ now: Instant) -> Bool {
        isUsable(now) && busyUntil.map { $0 <= now } ?? true
    }

    /// Whether what it has and does can be counted on: who failed must answer before it is believed again.
    func isReliable(_ now: Instant) -> Bool {
        failures == 0 && isUsable(now)
    }

    /// Whether its share of upstream's pieces can be left to it: it answers, says that it can, and does.
    ///
    /// Slow is who takes longer over a piece than the others did: on a thin uplink pieces take their time everywhere.
    /// - Parameter pieceTime: what upstream's pieces took lately, in seconds, here and elsewhere; nil: none has been seen.
    func isOwner(_ now: Instant, pieceTime: Double?) -> Bool {
        guard !isHolder, hasUpstream, isReliable(now) else { return false }
        guard !fetching.isEmpty else { return grewAt.duration(to: now) < SwarmLimits.ownerPatience }
        let patience = pieceTime.map { SwarmLimits.slowness * $0 } ?? SwarmLimits.unmeasuredPatience
        return fetchingSince.duration(to: now) < max(SwarmLimits.ownerPatience, .seconds(patience))
    }
}
