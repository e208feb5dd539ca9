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
    static let asking: Duration = .milliseconds(500)
    static let questions = 4
    /// How often some are asked for the blob's size while nobody has told it.
    static let askingSize: Duration = .milliseconds(250)
    /// An owner from which nothing more comes for so long loses its share to the next in rank.
    static let ownerPatience: Duration = .seconds(5)
    /// So does one that takes so many times as long over a piece as others did; in seconds, where no other was seen.
    static let slowness = 4.0
    static let unmeasuredPatience = 30.0
    static let slowFor: Duration = .seconds(60)
    /// Of another's share may be taken over what its owner does not come to in so many seconds: much longer than news take.
    static let takeoverAbove = 3.0
    /// A newcomer waits for so long to be told what there is before it asks upstream for its share.
    static let newcomerPatience: Duration = .milliseconds(500)
    /// For so long something is expected of a newcomer that has nothing yet, and it is asked again sooner than others.
    static let newcomersHope: Duration = .seconds(2)
    static let askingAgain: Duration = .milliseconds(100)
    /// When nothing has come for so long, a node fetches for itself; the longer, where others are seen to be fetching.
    static let stuckAfter: Duration = .seconds(8)
    static let stuckAmongFetchers: Duration = .seconds(30)
    /// The next in rank does so a little later, so that a swarm that lost all who fetched does not turn to upstream as one.
    static let stuckPerRank: Duration = .milliseconds(250)
    static let stuckRanks = 64
    /// When nothing has come for so long, a piece of another's share is asked of the only holder.
    static let shareNeglected: Duration = .seconds(1)
    /// How long a request for a piece that is on its way may wait, as `Prefer: wait` says.
    static let wait: Duration = .seconds(10)
    /// Pieces in one request where the blob is only read from, not shared meanwhile.
    static let longRequest = 16
    /// A busy member is left alone for so long at first, and at most.
    static let busy: Duration = .milliseconds(200)
    static let busiest: Duration = .seconds(2)
    /// Who so often does not have what it says has failed.
    static let lacks = 8
    /// A transfer is late when it has taken so many times as long as others, and at least so long.
    static let lateness = 3.0
    static let lateAfter: Duration = .milliseconds(500)
    /// Without a byte for so long it has stalled; and is given up after so long, sooner where the member does not answer either.
    static let stalledAfter: Duration = .seconds(2)
    static let abandonedAfter: Duration = .seconds(10)
    /// Second requests for the same piece: at a time, and in all of a blob's pieces.
    static let hedges = 2
    static func hedges(ofPieces pieces: Int) -> Int { 4 + pieces / 16 }
}
