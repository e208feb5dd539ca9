import Discovery
import Glibc
import OCI
import Transfer

/// A LAN on which nodes fetch one blob by the product's own decisions (`Swarm`), over links of given speeds. Time is virtual.
///
/// What is modelled of the world: who wants the blob is heard 5 to 20 ms late, by each node for itself, and one datagram in fifty is
/// lost; every node begins with a plain stream from upstream; what a node has is asked for, so it is known late; a request may be
/// answered 404 or 503, or wait for its piece; who is killed refuses connections, who is paused accepts them and is silent.
struct VirtualSwarm {
    static let latency = 0.0005
    static let upstreamLatency = 0.02
    static let uploadsPerNode = 4
    static let waitsPerNode = 64
    static let wait = 10.0
    /// Time between two looks of a node at its state without news.
    static let tick = 0.25
    /// An unanswered question is given up after so long.
    static let questionTimeout = 2.0
    static let loss = 0.02
    /// A node of which nothing is heard is forgotten after so long.
    static let silence = 15.0

    enum Event {
        case start(Int)
        case kill(Int?)
        case pause(Int)
        case tick(Int)
        case look(Int)
        case learns(Int, of: Int, VirtualNode.Standing)
        case asks(Int, of: Int)
        case hears(Int, of: Int, have: PieceSet, fetching: PieceSet)
        case fails(Int, of: Int)
        case requestArrives(Int)
        case requestFails(Int, Failure)
        case waitEnds(Int)
        case pieceEnds(Int)
        case sample
    }

    enum Failure { case refused, busy, absent, broken }

    let scenario: Scenario
    var now = 0.0
    var nodes: [VirtualNode] = []
    var links: VirtualLinks
    var random: SplitMix
    var report: SimulationReport
    private let origin = ContinuousClock.now
    private var index: [NodeID: Int] = [:]
    private var queue = EventQueue<Event>()
    private var unfinished = 0

    init(_ scenario: Scenario) throws {
        self.scenario = scenario
        random = SplitMix(state: scenario.seed)
        report = SimulationReport(scenario: scenario)
        let link = (0..<scenario.nodes).map {
            $0 < scenario.holders ? scenario.holderLink ?? scenario.lan : scenario.lan
        }
        links = VirtualLinks(up: link, down: link, uplink: scenario.uplink, size: Scenario.pieceBytes)
        let digest = try Digest("sha256:" + String(repeating: "5a", count: 32))
        for number in 0..<scenario.nodes {
            let bytes = (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }
            guard let id = NodeID(bytes: bytes) else { continue }
            var node = VirtualNode(
                id: id, nodes: scenario.nodes,
                swarm: Swarm(own: id, digest: digest, pieces: scenario.pieces, now: origin), pieces: scenario.pieces)
            if number < scenario.holders {
                for piece in 0..<scenario.pieces { node.takes(piece) }
            } else {
                for holder in 0..<scenario.holders { node.view[holder] = .holds }
                node.startsAt = scenario.spread > 0 ? Double.random(in: 0...scenario.spread, using: &random) : 0
                let place = Double(number - scenario.holders) / Double(scenario.nodes)
                node.hasUpstream = place >= scenario.withoutUpstream
                if number - scenario.holders < scenario.slow { node.upstreamLimit = scenario.uplink / 100 }
            }
            index[id] = number
            nodes.append(node)
        }
    }

    private static var processorTime: Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    var instant: ContinuousClock.Instant { origin + .seconds(now) }

    mutating func add(_ event: Event, after delay: Double) {
        queue.add(event, at: now + delay)
    }

    mutating func run() -> SimulationReport {
        let pulling = Array(nodes.indices.dropFirst(scenario.holders))
        unfinished = pulling.count
        for number in pulling { queue.add(.start(number), at: nodes[number].startsAt) }
        // The first is one that upstream serves, who is the worst to lose; the others are any.
        let others = pulling.shuffled(using: &random).prefix(max(0, scenario.killed - 1))
        for number in [nil] + others.map(Optional.some) where scenario.killed > 0 {
            queue.add(.kill(number), at: scenario.bound * Double.random(in: 0.02...0.5, using: &random))
        }
        for number in pulling.shuffled(using: &random).prefix(scenario.paused) {
            queue.add(.pause(number), at: scenario.bound / 4)
        }
        queue.add(.sample, at: 0)
        while unfinished > 0, let (time, event) = queue.next(), time < 20 * scenario.bound {
            now = time
            handle(event)
            for end in links.takeEnds() { queue.add(.pieceEnds(end.flow), at: end.time) }
        }
        sample()
        for number in nodes.indices where nodes[number].upstream != nil { closeStream(number) }
        let done = nodes.filter { $0.finishedAt != nil }
        report.finished = done.compactMap(\.finishedAt).sorted()
        report.durations = done.map { ($0.finishedAt ?? 0) - $0.startsAt }.sorted()
        report.expected = pulling.count { !nodes[$0].isDead && !nodes[$0].isPaused }
        report.busiestUpload = nodes.map(\.uploaded).max() ?? 0
        report.hedges = nodes.reduce(0) { $0 + $1.swarm.hedges }
        return report
    }

    private mutating func handle(_ event: Event) {
        switch event {
        case .start(let number): start(number)
        case .kill(let number): kill(number)
        case .pause(let number): pause(number)
        case .tick(let number):
            guard nodes[number].isActive else { return }
            add(.tick(number), after: Self.tick)
            remedy(number)
            decide(number)
        case .look(let number):
            nodes[number].looksAgain = false
            decide(number)
        case .learns(let number, let other, let standing): learn(number, of: other, standing)
        case .asks(let number, let other): answer(number, of: other)
        case .hears(let number, let other, let have, let fetching):
            guard nodes[number].isActive else { return }
            let hasUpstream = nodes[other].hasUpstream && nodes[other].swarm.offersUpstream(instant)
            nodes[number].swarm.heard(
                nodes[other].id, have: have, fetching: fetching, hasUpstream: hasUpstream, now: instant)
            decide(number)
        case .fails(let number, let other):
            guard nodes[number].isActive else { return }
            nodes[number].swarm.failed(nodes[other].id, now: instant)
            if nodes[other].isDead { learn(number, of: other, .gone) }
            decide(number)
        case .requestArrives(let id): requestArrives(id)
        case .requestFails(let id, let failure): requestFails(id, failure)
        case .waitEnds(let id):
            let flow = links.flows[id]
            if nodes[flow.to].requests[id]?.state == .waiting { requestFails(id, .absent) }
        case .pieceEnds(let id):
            if links.hasEnded(id, now) { pieceEnds(id) }
        case .sample:
            sample()
            add(.sample, after: scenario.bound / 100)
        }
    }

    private mutating func sample() {
        let pulling = nodes.dropFirst(scenario.holders).filter { !$0.isDead && !$0.isPaused }
        let here = pulling.reduce(0) { $0 + $1.count }
        report.curve.append((now, Double(here) / Double(max(1, pulling.count * scenario.pieces))))
    }

    // MARK: Coming and going

    private mutating func start(_ number: Int) {
        guard !nodes[number].isDead else { return }
        nodes[number].hasStarted = true
        nodes[number].swarm = Swarm(
            own: nodes[number].id, digest: nodes[number].swarm.digest, pieces: scenario.pieces, now: instant)
        announce(number, .wants)
        add(.tick(number), after: Self.tick * Double.random(in: 0...1, using: &random))
        let knowsOthers = nodes[number].view.contains { $0 == .wants || $0 == .holds }
        if !knowsOthers, nodes[number].hasUpstream { begin(.upstream(0..<scenario.pieces), at: number) }
        decide(number)
    }

    /// Tells all others; each hears it after a moment, or at one of the repetitions.
    private mutating func announce(_ number: Int, _ standing: VirtualNode.Standing) {
        for other in nodes.indices where other != number && !nodes[other].isDead && other >= scenario.holders {
            var delay = Double.random(in: 0.005...0.02, using: &random)
            for repetition in [0.3, 5, 5, 5] where Double.random(in: 0...1, using: &random) < Self.loss {
                delay += repetition
            }
            add(.learns(other, of: number, standing), after: delay)
        }
    }

    private mutating func learn(_ number: Int, of other: Int, _ standing: VirtualNode.Standing) {
        let known = nodes[number].view[other]
        guard known != standing, !(known == .holds && standing == .wants), !(known == .gone && standing == .wants)
        else {
            return
        }
        nodes[number].view[other] = standing
        nodes[number].isStale = true
        guard nodes[number].isActive, !nodes[number].looksAgain else { return }
        nodes[number].looksAgain = true
        add(.look(number), after: 0.002)
    }

    private mutating func kill(_ number: Int?) {
        let living = nodes.indices.dropFirst(scenario.holders).filter { nodes[$0].isActive }
        let fetchers = living.filter { nodes[$0].upstream != nil }
        guard let number = number ?? (fetchers.isEmpty ? living : fetchers).randomElement(using: &random),
            !nodes[number].isDead, !nodes[number].isPaused
        else { return }
        if nodes[number].finishedAt == nil { unfinished -= 1 }
        nodes[number].isDead = true
        for id in nodes[number].uploads.union(nodes[number].waiting) {
            links.turnOff(id, now)
            add(.requestFails(id, .broken), after: Self.latency)
        }
        closeStream(number)
        for id in nodes[number].requests.keys.sorted() { drop(id) }
        for other in nodes.indices where other >= scenario.holders {
            add(.learns(other, of: number, .gone), after: Self.silence)
        }
    }

    private mutating func pause(_ number: Int) {
        guard nodes[number].isActive else { return }
        unfinished -= 1
        closeStream(number)
        nodes[number].isPaused = true
        // Its connections stay as they are: nothing flows, and no slot is given back.
        for id in nodes[number].uploads.union(nodes[number].requests.keys) { links.turnOff(id, now) }
        for other in nodes.indices where other >= scenario.holders {
            add(.learns(other, of: number, .gone), after: Self.silence)
        }
    }

    private mutating func answer(_ number: Int, of other: Int) {
        if nodes[other].isDead { return add(.fails(number, of: other), after: Self.latency) }
        if nodes[other].isPaused || !nodes[other].hasStarted {
            return add(.fails(number, of: other), after: nodes[other].isPaused ? Self.questionTimeout : Self.latency)
        }
        if nodes[other].view[number] == .unknown { learn(other, of: number, .wants) }
        add(.hears(number, of: other, have: nodes[other].have, fetching: nodes[other].fetching), after: Self.latency)
    }

    mutating func finished(_ number: Int) {
        nodes[number].finishedAt = now
        unfinished -= 1
        announce(number, .holds)
    }

    // MARK: Decisions

    mutating func decide(_ number: Int) {
        guard nodes[number].isActive else { return }
        if nodes[number].isStale {
            nodes[number].isStale = false
            var holders: [NodeID] = []
            var wanters: [NodeID] = []
            for (other, standing) in nodes[number].view.enumerated() {
                if standing == .holds { holders.append(nodes[other].id) }
                if standing == .wants { wanters.append(nodes[other].id) }
            }
            nodes[number].swarm.update(holders: holders, wanters: wanters, now: instant)
            cutRequests(number)
        }
        cutStream(number)
        for node in nodes[number].swarm.questions(now: instant) {
            guard let other = index[node] else { continue }
            nodes[number].swarm.asked(node, now: instant)
            report.questions += 1
            add(.asks(number, of: other), after: Self.latency)
        }
        guard !nodes[number].missing.isEmpty else { return }
        let requests = nodes[number].requests.values
        let need = Swarm.Need(
            missing: nodes[number].missing, next: nodes[number].next, transfers: requests.count { $0.of != nil },
            waits: requests.count { $0.state == .waiting },
            upstreamIsFree: nodes[number].upstream == nil && nodes[number].hasUpstream)
        let began = Self.processorTime
        let fetches = nodes[number].swarm.fetches(need, now: instant)
        report.deciding += Self.processorTime - began
        report.decisions += 1
        for fetch in fetches { begin(fetch, at: number) }
    }

    /// What others want too is not to be streamed by everybody.
    private mutating func cutStream(_ number: Int) {
        guard let id = nodes[number].upstream, let request = nodes[number].requests[id] else { return }
        let end = min(request.end, nodes[number].swarm.sharedStreamEnd(from: request.piece))
        if end < request.end {
            nodes[number].requests[id]?.end = end
            nodes[number].misses(end..<request.end)
        }
        let done = links.done(id, now) / Scenario.pieceBytes
        guard !nodes[number].swarm.maySharedStreamStay(in: request.piece, done: done, now: instant) else { return }
        closeStream(number)
    }

    /// Nor is it to be asked of a peer in one request.
    private mutating func cutRequests(_ number: Int) {
        for (id, request) in nodes[number].requests.sorted(by: { $0.key < $1.key }) {
            guard let other = request.of, request.end > request.piece + 1 else { continue }
            let end = min(request.end, nodes[number].swarm.sharedRequestEnd(from: request.piece))
            guard end < request.end else { continue }
            nodes[number].requests[id]?.end = end
            nodes[number].misses(end..<request.end)
            let done = links.done(id, now) / Scenario.pieceBytes
            let mayStay = nodes[number].swarm.maySharedRequestStay(
                at: nodes[other].id, in: request.piece, done: done, now: instant)
            if !mayStay { drop(id) }
        }
    }

    private mutating func remedy(_ number: Int) {
        let transfers = nodes[number].requests.sorted { $0.key < $1.key }.compactMap { id, request in
            request.of.map { other in
                let done = links.done(id, now)
                let lastByte = max(request.since, links.lastByteAt(id, now))
                return Swarm.Transfer(
                    node: nodes[other].id, piece: request.piece, beganAt: origin + .seconds(request.since),
                    lastByteAt: origin + .seconds(lastByte), bytes: Int64(done), isWaiting: request.state == .waiting)
            }
        }
        guard !transfers.isEmpty else { return }
        let remedies = nodes[number].swarm.remedies(for: transfers, missing: nodes[number].missing, now: instant)
        for remedy in remedies {
            switch remedy {
            case .hedge(let node, let piece): begin(.peer(node, piece..<piece + 1, waits: false), at: number)
            case .abandon(let node, let piece):
                let request = nodes[number].requests.first {
                    $0.value.piece == piece && $0.value.of.map { nodes[$0].id } == node
                }
                if let id = request?.key {
                    drop(id)
                    nodes[number].swarm.failed(node, now: instant)
                }
            }
        }
    }

    mutating func begin(_ fetch: Swarm.Fetch, at number: Int) {
        let id: Int
        let request: VirtualNode.Request
        switch fetch {
        case .upstream(let pieces):
            id = links.make(from: nil, to: number, limit: nodes[number].upstreamLimit)
            request = .init(of: nil, piece: pieces.lowerBound, end: pieces.upperBound, since: now)
            nodes[number].upstream = id
            add(.requestArrives(id), after: Self.upstreamLatency)
        case .peer(let node, let pieces, let waits):
            guard let other = index[node] else { return }
            id = links.make(from: other, to: number)
            request = .init(
                of: other, piece: pieces.lowerBound, end: pieces.upperBound, since: now,
                state: waits ? .waiting : .opening)
            nodes[number].swarm.transferBegan(from: node)
            add(.requestArrives(id), after: Self.latency)
        }
        nodes[number].missing.remove(request.piece..<request.end)
        nodes[number].requests[id] = request
    }
}
