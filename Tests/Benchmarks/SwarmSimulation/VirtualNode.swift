import Discovery
import Transfer

/// One node of the simulation: the product's decisions, and what a download's shell would keep beside them.
struct VirtualNode {
    /// A request of this node's for pieces.
    struct Request {
        /// Nil: of upstream.
        var of: Int?
        /// The piece that it is at, and where it ends.
        var piece: Int
        var end: Int
        /// Since when it has been at that piece.
        var since: Double
        var state = State.opening
    }

    enum State { case opening, waiting, flowing }

    /// What a node has heard of another one.
    enum Standing: UInt8 { case unknown, wants, holds, gone }

    let id: NodeID
    var swarm: Swarm
    var have: PieceSet
    /// Neither here nor asked for.
    var missing: PieceSet
    var next = 0
    var count = 0
    /// What it has heard of the others, and whether the swarm has been told.
    var view: [Standing]
    var isStale = true
    var looksAgain = false
    /// By the number of the flow that answers each.
    var requests: [Int: Request] = [:]
    var upstream: Int?
    /// What others have asked of it: those that hold a slot, and those that wait for a piece.
    var uploads: Set<Int> = []
    var waiting: [Int] = []
    var uploaded = 0.0

    var startsAt = 0.0
    var hasStarted = false
    var finishedAt: Double?
    var isDead = false
    var isPaused = false
    var hasUpstream = true
    var upstreamLimit = Double.infinity

    var isActive: Bool { hasStarted && !isDead && !isPaused && finishedAt == nil }

    /// The piece that upstream is sending it.
    var fetching: PieceSet {
        var set = PieceSet(count: have.count)
        if let upstream, let request = requests[upstream], request.state == .flowing { set.insert(request.piece) }
        return set
    }

    init(id: NodeID, nodes: Int, swarm: Swarm, pieces: Int) {
        self.id = id
        self.swarm = swarm
        have = PieceSet(count: pieces)
        missing = .all(of: pieces)
        view = Array(repeating: .unknown, count: nodes)
    }

    mutating func takes(_ piece: Int) {
        guard !have.contains(piece) else { return }
        have.insert(piece)
        missing.remove(piece)
        count += 1
        while have.contains(next) { next += 1 }
    }

    /// A request is over, or has let go of pieces: what is not here and not asked of another is missing again.
    mutating func misses(_ pieces: Range<Int>) {
        for piece in pieces where !have.contains(piece) {
            if !requests.values.contains(where: { $0.piece <= piece && piece < $0.end }) { missing.insert(piece) }
        }
    }
}
