import Discovery
import OCI
import Transfer

/// A LAN on which nodes fetch one blob by the product's own decisions (`Swarm`), over links of given speeds.
///
/// The network is a fluid: a transfer runs at the least of its fair shares of the sender's uplink, of the receiver's downlink and,
/// from upstream, of the site's uplink. Messages take a latency and no bandwidth. Time is virtual.
struct VirtualSwarm {
    struct Scenario {
        var name: String
        var nodes: Int
        var pieces: Int
        /// Bytes a second.
        var lan: Double
        var uplink: Double
        /// Nodes that hold the blob from the beginning.
        var holders = 0
        /// Starts are spread over so many seconds.
        var spread = 0.0
        /// Nodes that die: share of all, at random moments of the first half.
        var deaths = 0.0
        var seed: UInt64 = 1

        /// No scheme is faster: the last byte cannot leave upstream, or its holder, sooner; and every node takes it in.
        var bound: Double {
            let bytes = Double(pieces) * pieceBytes
            guard holders == 0 else {
                let copies = Double(nodes - holders)
                return max(bytes / lan, copies * bytes / (Double(nodes) * lan))
            }
            return max(bytes / uplink, bytes / lan)
        }
    }

    struct Report {
        var finished: [Double]
        var upstreamBytes: Double
        var busiestUpload: Double
        var questions: Int
        var refusals: Int
    }

    static let pieceBytes = Double(4 << 20)
    static let latency = 0.0005
    static let requestCost = 0.001
    static let uploadsPerNode = 4
    /// Time between two looks of a node at its state without news.
    static let tick = 0.25

    private struct Flow {
        var from: Int?
        var to: Int
        var pieces: Range<Int>
        var done = 0.0
        var rate = 0.0
        var updated: Double
        var version = 0
        /// Not yet flowing: waits for the piece at the sender.
        var waits: Bool
    }

    private struct Node {
        var id: NodeID
        var swarm: Swarm
        var have: PieceSet
        var claimed: PieceSet
        var fetching: PieceSet
        var startsAt: Double
        var started = false
        var diesAt = Double.infinity
        var finishedAt: Double?
        var outgoing: Set<Int> = []
        var incoming: Set<Int> = []
        var uploaded = 0.0
        var isDead = false
    }

    private enum Event {
        case start(Int)
        case die(Int)
        case tick(Int)
        case flowEnds(Int, version: Int)
        case asked(Int, by: Int)
        case answered(Int, by: Int, have: PieceSet, fetching: PieceSet)
        case refused(Int, by: Int)
        case lost(Int, by: Int)
    }

    let scenario: Scenario
    private var now = 0.0
    private let origin = ContinuousClock.now
    private var nodes: [Node] = []
    private var index: [NodeID: Int] = [:]
    private var flows: [Int: Flow] = [:]
    private var upstreamFlows: Set<Int> = []
    private var nextFlow = 0
    private var queue = EventQueue<Event>()
    private var random: SplitMix
    private var report = Report(finished: [], upstreamBytes: 0, busiestUpload: 0, questions: 0, refusals: 0)
    private let digest: Digest

    init(_ scenario: Scenario) throws {
        self.scenario = scenario
        random = SplitMix(state: scenario.seed)
        digest = try Digest("sha256:" + String(repeating: "5a", count: 32))
        for number in 0..<scenario.nodes {
            let bytes = (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }
            guard let id = NodeID(bytes: bytes) else { continue }
            var node = Node(
                id: id, swarm: Swarm(own: id, digest: digest, pieces: scenario.pieces, now: origin),
                have: PieceSet(count: scenario.pieces), claimed: PieceSet(count: scenario.pieces),
                fetching: PieceSet(count: scenario.pieces),
                startsAt: scenario.spread > 0 ? Double.random(in: 0...scenario.spread, using: &random) : 0)
            if number < scenario.holders { node.have = .all(of: scenario.pieces) }
            index[id] = number
            nodes.append(node)
        }
    }

    private var instant: ContinuousClock.Instant { origin + .seconds(now) }

    mutating func run() -> Report {
        let deaths = Int(Double(scenario.nodes) * scenario.deaths)
        for number in nodes.indices where number >= scenario.holders {
            queue.add(.start(number), at: nodes[number].startsAt)
        }
        for number in nodes.indices.dropFirst(scenario.holders).shuffled(using: &random).prefix(deaths) {
            queue.add(.die(number), at: Double.random(in: 0...(scenario.bound / 2), using: &random))
        }
        while let (time, event) = queue.next(), time < 50 * scenario.bound {
            now = time
            handle(event)
            if nodes.allSatisfy({ $0.finishedAt != nil || $0.isDead || $0.have.population == scenario.pieces }) {
                break
            }
        }
        report.finished = nodes.compactMap(\.finishedAt).sorted()
        report.busiestUpload = nodes.map(\.uploaded).max() ?? 0
        return report
    }

    private mutating func handle(_ event: Event) {
        switch event {
        case .start(let number): start(number)
        case .die(let number): die(number)
        case .tick(let number):
            guard isActive(number) else { return }
            queue.add(.tick(number), at: now + Self.tick)
            decide(number)
        case .flowEnds(let id, let version):
            guard flows[id]?.version == version else { return }
            end(id)
        case .asked(let number, let asker): answer(number, asker)
        case .answered(let number, let asker, let have, let fetching):
            guard isActive(asker) else { return }
            nodes[asker].swarm.heard(nodes[number].id, have: have, fetching: fetching, hasUpstream: true, now: instant)
            decide(asker)
        case .refused(let number, let asker):
            guard isActive(asker) else { return }
            nodes[asker].swarm.wasBusy(nodes[number].id, retryAfter: nil, now: instant)
            decide(asker)
        case .lost(let number, let asker):
            guard isActive(asker) else { return }
            nodes[asker].swarm.failed(nodes[number].id, now: instant)
            decide(asker)
        }
    }

    private func isActive(_ number: Int) -> Bool {
        nodes[number].started && !nodes[number].isDead && nodes[number].finishedAt == nil
    }

    private mutating func start(_ number: Int) {
        guard !nodes[number].isDead else { return }
        nodes[number].started = true
        nodes[number].swarm = Swarm(own: nodes[number].id, digest: digest, pieces: scenario.pieces, now: instant)
        queue.add(.tick(number), at: now + Self.tick * Double.random(in: 0...1, using: &random))
        decide(number)
    }

    private mutating func die(_ number: Int) {
        nodes[number].isDead = true
        for id in nodes[number].outgoing.union(nodes[number].incoming) {
            guard let flow = flows[id] else { continue }
            drop(id)
            if flow.to != number {
                release(flow)
                queue.add(.lost(number, by: flow.to), at: now + Self.latency)
            }
        }
    }

    private mutating func decide(_ number: Int) {
        let holders = nodes.prefix(scenario.holders).filter { !$0.isDead }.map(\.id)
        let wanters = nodes.indices.filter { $0 != number && isActive($0) }.map { nodes[$0].id }
        let complete = nodes.indices.filter { nodes[$0].finishedAt != nil && !nodes[$0].isDead }.map { nodes[$0].id }
        nodes[number].swarm.update(holders: holders + complete, wanters: wanters, now: instant)
        for node in nodes[number].swarm.questions(now: instant) {
            guard let other = index[node] else { continue }
            nodes[number].swarm.asked(node, now: instant)
            report.questions += 1
            queue.add(.asked(other, by: number), at: now + Self.latency)
        }
        var missing = PieceSet.all(of: scenario.pieces)
        missing.subtract(nodes[number].have)
        missing.subtract(nodes[number].claimed)
        guard !missing.isEmpty else { return }
        let incoming = nodes[number].incoming.compactMap { flows[$0] }
        var absent = PieceSet.all(of: scenario.pieces)
        absent.subtract(nodes[number].have)
        let need = Swarm.Need(
            missing: missing, next: absent.ranges.first?.lowerBound, transfers: incoming.count { $0.from != nil },
            waits: incoming.count { $0.waits }, upstreamIsFree: !incoming.contains { $0.from == nil })
        for fetch in nodes[number].swarm.fetches(need, now: instant) { begin(fetch, at: number) }
    }

    private mutating func begin(_ fetch: Swarm.Fetch, at number: Int) {
        switch fetch {
        case .upstream(let pieces):
            nodes[number].claimed.insert(pieces)
            nodes[number].fetching.insert(pieces.lowerBound)
            add(Flow(from: nil, to: number, pieces: pieces, updated: now, waits: false))
        case .peer(let node, let pieces, let waits):
            guard let other = index[node] else { return }
            guard !nodes[other].isDead else {
                queue.add(.lost(other, by: number), at: now + 0.3)
                nodes[number].swarm.failed(node, now: instant)
                return
            }
            let uploads = nodes[other].outgoing.count { flows[$0]?.waits == false }
            guard waits || uploads < Self.uploadsPerNode else {
                report.refusals += 1
                nodes[number].swarm.asked(node, now: instant)
                queue.add(.refused(other, by: number), at: now + 2 * Self.latency)
                return
            }
            nodes[number].claimed.insert(pieces)
            nodes[number].swarm.transferBegan(from: node)
            add(
                Flow(
                    from: other, to: number, pieces: pieces, updated: now,
                    waits: waits && !nodes[other].have.contains(pieces.lowerBound)))
        }
    }

    private mutating func answer(_ number: Int, _ asker: Int) {
        guard !nodes[number].isDead else {
            queue.add(.lost(number, by: asker), at: now + 0.3)
            return
        }
        queue.add(
            .answered(number, by: asker, have: nodes[number].have, fetching: nodes[number].fetching),
            at: now + Self.latency)
    }

    // MARK: The fluid

    private mutating func add(_ flow: Flow) {
        let id = nextFlow
        nextFlow += 1
        flows[id] = flow
        nodes[flow.to].incoming.insert(id)
        if let from = flow.from { nodes[from].outgoing.insert(id) } else { upstreamFlows.insert(id) }
        level(beside: flow)
    }

    private mutating func drop(_ id: Int) {
        guard let flow = flows.removeValue(forKey: id) else { return }
        nodes[flow.to].incoming.remove(id)
        if let from = flow.from { nodes[from].outgoing.remove(id) } else { upstreamFlows.remove(id) }
        level(beside: flow)
    }

    private mutating func release(_ flow: Flow) {
        for piece in flow.pieces where !nodes[flow.to].have.contains(piece) {
            nodes[flow.to].claimed.remove(piece)
            if flow.from == nil { nodes[flow.to].fetching.remove(piece) }
        }
        if let from = flow.from { nodes[flow.to].swarm.transferEnded(from: nodes[from].id, bytes: 0, seconds: 0) }
    }

    /// The shares of everything that shares a link with a flow have changed.
    private mutating func level(beside flow: Flow) {
        var touched = nodes[flow.to].incoming
        if let from = flow.from { touched.formUnion(nodes[from].outgoing) } else { touched.formUnion(upstreamFlows) }
        for id in touched.sorted() { adjust(id) }
    }

    private mutating func adjust(_ id: Int) {
        guard var flow = flows[id] else { return }
        flow.done += flow.rate * (now - flow.updated)
        flow.updated = now
        let incoming = nodes[flow.to].incoming.count { flows[$0]?.waits == false }
        var rate = scenario.lan / Double(max(1, incoming))
        if let from = flow.from {
            let outgoing = nodes[from].outgoing.count { flows[$0]?.waits == false }
            rate = min(rate, scenario.lan / Double(max(1, outgoing)))
        } else {
            rate = min(rate, scenario.uplink / Double(upstreamFlows.count))
        }
        flow.rate = flow.waits ? 0 : rate
        flow.version += 1
        flows[id] = flow
        // An upstream stream hands over piece by piece; what comes from a peer ends with its request.
        let left = flow.waits ? .infinity : max(0, Self.pieceBytes - flow.done)
        if left < .infinity {
            queue.add(
                .flowEnds(id, version: flow.version), at: now + left / rate + (flow.done == 0 ? Self.requestCost : 0))
        }
    }

    /// The piece that a flow carries has come.
    private mutating func end(_ id: Int) {
        guard var flow = flows[id] else { return }
        let number = flow.to
        let piece = flow.pieces.lowerBound
        nodes[number].have.insert(piece)
        nodes[number].swarm.progressed(now: instant)
        if let from = flow.from {
            nodes[from].uploaded += Self.pieceBytes
        } else {
            report.upstreamBytes += Self.pieceBytes
            nodes[number].fetching.remove(piece)
        }
        wakeWaiting(for: piece, at: number)
        flow.pieces = piece + 1..<flow.pieces.upperBound
        let goesOn =
            !flow.pieces.isEmpty
            && (flow.from != nil || nodes[number].swarm.maySharedStreamEnter(flow.pieces.lowerBound, now: instant))
        if goesOn {
            flow.done = 0
            flow.updated = now
            flows[id] = flow
            if flow.from == nil { nodes[number].fetching.insert(flow.pieces.lowerBound) }
            adjust(id)
        } else {
            let seconds = max(now - flow.updated, 0.001)
            drop(id)
            for piece in flow.pieces { nodes[number].claimed.remove(piece) }
            if let from = flow.from {
                nodes[number].swarm.transferEnded(
                    from: nodes[from].id, bytes: Int64(Self.pieceBytes), seconds: seconds)
            }
        }
        if nodes[number].have.population == scenario.pieces { nodes[number].finishedAt = now - nodes[number].startsAt }
        if isActive(number) { decide(number) }
    }

    private mutating func wakeWaiting(for piece: Int, at number: Int) {
        for id in nodes[number].outgoing.sorted()
        where flows[id]?.waits == true && flows[id]?.pieces.lowerBound == piece {
            flows[id]?.waits = false
            if let flow = flows[id] { level(beside: flow) }
        }
    }
}
