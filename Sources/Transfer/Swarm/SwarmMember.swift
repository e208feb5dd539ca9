import Discovery

/// What a download knows of another node that has the blob, or wants it too.
package struct SwarmMember: Sendable {
    package typealias Instant = ContinuousClock.Instant

    /// It holds the whole blob, by its inventory.
    package var isHolder = false
    /// Pieces that it has, as far as it was heard.
    package var have: PieceSet
    /// Pieces that are coming to it from upstream right now.
    var fetching: PieceSet
    /// Whether it says that it can ask upstream.
    var hasUpstream = true
    let joinedAt: Instant
    var heardAt: Instant?
    /// When it was last asked what it has; an answer is awaited while `isAsked`.
    var askedAt: Instant?
    var isAsked = false
    /// When it last had more than before.
    var grewAt: Instant
    /// Transfers from it that are under way.
    package var transfers = 0
    package var failures = 0
    /// Left alone until then: it failed.
    var asideUntil: Instant?
    /// Not asked for pieces until then: it has as much to do as it can.
    var busyUntil: Instant?
    /// Bytes a second of its last transfers; nil before the first.
    var rate: Double?

    init(pieces: Int, now: Instant) {
        have = PieceSet(count: pieces)
        fetching = PieceSet(count: pieces)
        joinedAt = now
        grewAt = now
    }

    mutating func transferEnded(bytes: Int64, seconds: Double) {
        transfers -= 1
        guard bytes > 0, seconds > 0 else { return }
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

    /// Whether its share of upstream's pieces can be left to it: it answers, says that it can, and does.
    func isOwner(_ now: Instant) -> Bool {
        !isHolder && hasUpstream && isUsable(now) && grewAt.duration(to: now) < SwarmLimits.ownerPatience
    }
}

/// What bounds a download's part in a swarm.
enum SwarmLimits {
    /// Pieces that come from peers at a time, for one blob.
    static let transfers = 4
    /// Of these, from one peer.
    static let transfersOfMember = 2
    /// Of these, asked for before they are there.
    static let waits = 2
    /// Members whose pieces are followed.
    static let neighbours = 32
    /// How often each of them is asked, and how many at a time.
    static let asking: Duration = .milliseconds(250)
    static let questions = 4
    /// An owner from which nothing more comes for so long loses its share to the next in rank.
    static let ownerPatience: Duration = .seconds(5)
    /// A newcomer waits for so long to be told what there is before it asks upstream for its share.
    static let newcomerPatience: Duration = .milliseconds(500)
    /// When nothing has come for so long, a node fetches for itself.
    static let stuckAfter: Duration = .seconds(8)
    /// How long a request for a piece that is on its way may wait, as `Prefer: wait` says.
    static let wait: Duration = .seconds(10)
    /// Pieces in one request where the blob is only read from, not shared meanwhile.
    static let longRequest = 16
}
