import Discovery
import Integrity
import OCI

/// What one download has, wants and does next: the decisions of the life of a blob, without I/O and without a clock.
///
/// The shell (`Download`) tells it what happened and calls ``evaluate(now:world:)`` for what to do. A *run* is one request to
/// one source whose body is being written into the spool; the ranges that runs have claimed never overlap, so that no two
/// writers touch the same byte.
struct DownloadPlan: Sendable {
    typealias ReaderID = Int
    typealias RunID = Int
    typealias Instant = ContinuousClock.Instant

    enum Source: Hashable, Sendable {
        case peer(NodeID)
        case upstream

        var provenance: ExtentMap.Provenance {
            switch self {
            case .peer: .peer
            case .upstream: .upstream
            }
        }
    }

    /// What a reader came for.
    enum Intent: Hashable, Sendable {
        /// Everything from an offset to the end. Its last piece is held back until the whole digest is right.
        case toEnd(from: Int64)
        /// These bytes and no more.
        case closed(Range<Int64>)
    }

    struct Reader: Sendable {
        var intent: Intent
        var position: Int64
        /// Since when it has been waiting for its next byte.
        var waitingSince: Instant?
    }

    struct Run: Sendable {
        var source: Source
        var position: Int64
        /// Where the run's claim ends; nil: wherever the blob does.
        var end: Int64?
        var opened = false
        var cancelled = false
        /// Bytes that came in this run, and those of them that were not here yet.
        var received: Int64 = 0
        var brought: Int64 = 0
        var startedAt: Instant
        var openedAt: Instant?
        /// Since when it has been at the piece that it is at, and when its last byte came.
        var pieceBeganAt: Instant
        var lastByteAt: Instant
        /// Asked of a peer while the bytes are still on their way there.
        var waits = false
        /// Given up because too little came.
        var hasStalled = false

        func claim(size: Int64?) -> Range<Int64> {
            let end = max(position, self.end ?? size ?? .max)
            return position..<end
        }
    }

    enum Phase: Equatable, Sendable {
        case fetching
        case verified
        case failed(FetchError.Code, String)
    }

    enum Action: Equatable, Sendable {
        /// Ask a source for a range; nil: for the whole blob in one plain request.
        case start(RunID, Source, Range<Int64>?)
        case cancel(RunID)
        /// Ask the LAN who has the blob, then call ``lanAnswered()``.
        case askLAN
        /// The peer's bytes were wrong, or are among those that may have been; of a piece, where it was looked at alone.
        case blame(NodeID, convicted: Bool, piece: Int? = nil)
        /// Ask a node what it has of the blob; ``heard(_:_:now:)`` takes the answer.
        case ask(NodeID, PieceLog.Place?)
        /// Ask a holder for the blob's hash chain; ``chainAnswered(_:by:)`` takes the answer.
        case askChain(NodeID)
        /// Hash pieces as what they were claimed to be; ``checked(_:generation:)`` takes the results.
        case check([PieceCheck], generation: Int)
        /// Call ``evaluate(now:world:)`` again then, whatever has happened meanwhile.
        case evaluate(after: Duration)
    }

    /// What is known outside of the plan at the time of a decision.
    struct World: Sendable {
        /// Live peers that hold the whole blob, best first.
        var holders: [NodeID]
        /// Whether there is an upstream to ask, and it is not known to be unreachable.
        var upstreamUsable: Bool
        /// Live peers that want the blob too, or have parts of it.
        var wanters: [NodeID] = []
        /// What the others say that the blob's size is; nil where they do not, or not the same.
        var claimedSize: Int64?
        /// Others may be about to say that they want the blob, too: it was only just told that this node does.
        var expectsOthers = false
        /// Other downloads of this node take as much from upstream for swarms as they may.
        var upstreamIsCrowded = false
    }

    /// Pieces are aligned ranges of 4 MiB.
    static let pieceSize = HashChain.pieceSize
    /// How many requests one download keeps open to upstream.
    static let upstreamRuns = 4
    /// A reader this far ahead of the run that would reach it gets a run of its own.
    static let splitDistance: Int64 = 16 << 20
    /// How often a download cuts a run short for that.
    static let splitLimit = 2
    /// How long readers wait for peers' bytes to be verified before upstream's are taken.
    static let patience: Duration = .seconds(20)
    /// How long they wait, where no registry gives the blob, for others who want it to learn how long it is.
    static let sizePatience: Duration = .seconds(5)
    /// Less than this is no progress: what drips would keep readers waiting for ever, and nobody else would be asked.
    static let leastProgress: Int64 = 256 << 10
    /// How often a peer may break off before it is given up: in all, and without a byte in between.
    static let peerBreaks = 50
    static let peerFruitless = 3
    /// When nothing has come from anybody for so long, peers that only say that they are busy are given up.
    static let hope: Duration = .seconds(60)

    let own: NodeID
    let digest: Digest
    /// Whether bytes that hold what was claimed of them go to readers before the whole digest is right (`peers.release`).
    let releasesChecked: Bool
    var size: Int64?
    var sizeIsUpstreams = false
    /// What others say of the size has led upstream to a range that it does not have.
    var distrustsClaims = false
    /// The size that the bytes here came with, until somebody has told it again.
    var formerSize: Int64?
    var present = ExtentMap()
    var phase = Phase.fetching
    var readers: [ReaderID: Reader] = [:]
    var runs: [RunID: Run] = [:]
    /// Grows whenever bytes that may have been hashed were taken back.
    private(set) var hashGeneration = 0
    /// The first of the bytes that were taken back since somebody last asked: what came before need not be hashed again.
    private var takenBackFrom = Int64.max

    var nextRun = 0
    var excludedPeers: Set<NodeID> = []
    var peersUsed: Set<NodeID> = []
    var peersTooSlow = false
    /// Readers have waited long enough: upstream's bytes count, peers' only once the digest is right.
    var takenOver = false
    /// Upstream cannot be asked, and nobody else has shown in time what the pieces should be.
    var nobodyProves = false
    var upstreamRefusal: String?
    var upstreamRetryAt: Instant?
    var upstream = UpstreamRecord()
    var splits = 0
    var ignoresRanges = false
    var askedLAN = LANQuestion.notAsked
    /// When others were last asked how long the blob is, and how many have been.
    var sizeAskedAt: Instant?
    var sizeQuestionsAsked = 0
    var released: Int64 = 0
    var upstreamMismatches = 0
    var lastFailure: String?
    /// Others that have the blob or want it; nil until its size is known.
    var swarm: Swarm?
    /// What others said that pieces are, and what this node found them to be.
    var claims = PieceClaims()
    /// What of the blob others may be told of.
    var log = PieceLog()
    /// Pieces that are whole, and not looked at since: whether they are what they should be, and what their checksum is.
    var unchecked: Set<Int> = []
    var checking: Set<Int> = []
    /// How many pieces are best hashed side by side on this machine.
    var sideBySide = checksAtOnce
    /// Until when a piece waits for others to be hashed beside it.
    var companyUntil: Instant?
    /// Pieces whose bytes hold their link of a chain, and which. The hash of the front need not read them again.
    var linked: [Int: HashChain.Link] = [:]
    /// What runs are writing at this moment.
    var writing: [RunID: [Range<Int64>]] = [:]
    /// Who wrote pieces whose bytes wait to be checked.
    var writers: [Int: Set<NodeID>] = [:]
    /// Whether bytes of others are here that came before this download.
    var hasRecovered = false
    /// How far the others' logs have been read.
    var cursors: [NodeID: PieceLog.Place] = [:]
    var chainAsked: Set<NodeID> = []
    var chainIsAwaited = false
    /// There is something to decide that came with the last bytes.
    var hasNews = false
    var peerFailures: [NodeID: (breaks: Int, fruitless: Int)] = [:]
    /// When enough had come to speak of progress, and how much has come since.
    var progressAt: Instant?
    var sinceProgress: Int64 = 0
    /// Whether this node may ask upstream, as far as its own swarm is told.
    var canAskUpstream = false
    /// Other downloads of this node take as much from upstream for swarms as they may.
    var upstreamIsCrowded = false
    /// Fetch what nobody reads, too (`store.complete_ranges`).
    var completes = false
    /// What happened since ``takeCounts()``.
    var counts = SwarmCounts()

    enum LANQuestion { case notAsked, asking, answered }

    /// - Parameters:
    ///   - own: this node.
    ///   - size: the blob's size where it is known on good authority (upstream, or the manifest that names the blob).
    init(_ digest: Digest, own: NodeID, size: Int64? = nil, releasesChecked: Bool = true) {
        self.digest = digest
        self.own = own
        self.size = size
        self.releasesChecked = releasesChecked
        sizeIsUpstreams = size != nil
    }

    mutating func takeCounts() -> SwarmCounts {
        defer { counts = SwarmCounts() }
        return counts
    }

    /// Bytes that may have been hashed are not what they were.
    mutating func takeBack(_ range: Range<Int64>) {
        hashGeneration += 1
        takenBackFrom = min(takenBackFrom, range.lowerBound)
        let pieces = range.lowerBound / Self.pieceSize...max(range.lowerBound, range.upperBound - 1) / Self.pieceSize
        for piece in linked.keys where pieces.contains(Int64(piece)) { linked[piece] = nil }
    }

    mutating func takeBackAll() { takeBack(0..<(.max)) }

    /// Up to where a hash that was begun before is still right; to be asked once for each generation.
    mutating func soundPrefix() -> Int64 {
        defer { takenBackFrom = .max }
        return takenBackFrom
    }

    // MARK: Readers

    mutating func addReader(_ id: ReaderID, _ intent: Intent, now: Instant) {
        if case .failed = phase { revive() }
        // The rest of what somebody reads a part of.
        if completes, id >= 0, !isWhole(intent) { addReader(Self.completer, .toEnd(from: 0), now: now) }
        let position: Int64
        switch intent {
        case .toEnd(let from): position = from
        case .closed(let range): position = range.lowerBound
        }
        readers[id] = Reader(intent: intent, position: position, waitingSince: id >= 0 ? now : nil)
    }

    mutating func removeReader(_ id: ReaderID) {
        readers[id] = nil
    }

    /// Reads nothing, and wants everything (`store.complete_ranges`).
    static let completer: ReaderID = -1

    /// Whether it takes a share of a swarm's blob from upstream now.
    var takesShare: Bool {
        swarm?.isShared == true && runs.values.contains { $0.source == .upstream && !$0.cancelled }
    }

    /// Whether anybody reads, or is served by what goes on without readers.
    var isWanted: Bool {
        readers.keys.contains { $0 >= 0 } || phase == .fetching && !isComplete && readers[Self.completer] != nil
    }

    enum ReadDecision: Equatable, Sendable {
        /// Bytes from the asked offset up to here may go out.
        case ready(upTo: Int64)
        case wait
        case failed(FetchError.Code, String)
    }

    /// What a reader at `offset` may have now: the release rule of the design.
    mutating func read(_ id: ReaderID, at offset: Int64, now: Instant) -> ReadDecision {
        guard var reader = readers[id] else { return .failed(.stopping, "the reader has been closed") }
        defer { readers[id] = reader }
        if offset != reader.position {
            reader.position = offset
            reader.waitingSince = nil
        }
        let end = releaseEnd(reader, from: offset)
        if let size, offset >= size, phase == .verified || !isWhole(reader.intent) { return .ready(upTo: offset) }
        // A range behind the end: there is nothing to wait for but the size.
        if size != nil, case .closed(let range) = reader.intent, range.isEmpty { return .ready(upTo: offset) }
        if end > offset {
            released = max(released, end)
            reader.waitingSince = nil
            return .ready(upTo: end)
        }
        if case .failed(let code, let message) = phase { return .failed(code, message) }
        if reader.waitingSince == nil { reader.waitingSince = now }
        return .wait
    }

    private func releaseEnd(_ reader: Reader, from offset: Int64) -> Int64 {
        guard let size else { return offset }
        if phase == .verified { return size }
        var end = present.end(from: offset, where: mayGo)
        if isWhole(reader.intent) {
            end = min(end, Self.lastPieceStart(size: size))
        }
        return max(end, offset)
    }

    /// Whether bytes of that origin go to readers before the whole digest is right.
    func mayGo(_ provenance: ExtentMap.Provenance) -> Bool {
        switch provenance {
        case .upstream: true
        case .checked: releasesChecked
        case .peer: false
        }
    }

    func isWhole(_ intent: Intent) -> Bool {
        switch intent {
        case .toEnd: true
        case .closed(let range): range.lowerBound == 0 && range.upperBound >= (size ?? .max)
        }
    }

    static func lastPieceStart(size: Int64) -> Int64 {
        size <= 0 ? 0 : (size - 1) / pieceSize * pieceSize
    }

    /// Whether all bytes are here, verified or not.
    var isComplete: Bool {
        guard let size else { return false }
        return present.end(from: 0) >= size
    }

    /// Why nothing more comes, or why the last request that failed did.
    var failureText: String? {
        if case .failed(_, let message) = phase { return message }
        return lastFailure
    }

    /// How far the bytes from the front are here without a gap: what may be hashed.
    var front: Int64 { present.end(from: 0) }
}
