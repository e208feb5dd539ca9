import Discovery
import Integrity
import OCI

@testable import Transfer

/// A closed little world of swarms: nodes that ask each other and upstream in steps of 50 ms, with failures at random. It notes what a
/// scheduler must never do.
struct SwarmWorld {
    struct Plan {
        var nodes: Int
        var pieces: Int
        var holders = 0
        /// So many nodes can ask upstream; the first of them never dies.
        var withUpstream: Int
        /// How likely any request fails, and how many nodes die on the way.
        var failures = 0.0
        var deaths = 0
        var seed: UInt64
    }

    private struct Request {
        var from: Int?
        var piece: Int
        var end: Int
        var due: Int
    }

    private struct Node {
        var swarm: Swarm
        var have: PieceSet
        var requests: [Request] = []
        var isAlive = true
        var canAsk: Bool

        var claimed: PieceSet {
            var set = PieceSet(count: have.count)
            for request in requests { set.insert(request.piece..<request.end) }
            return set
        }

        var fetching: PieceSet {
            var set = PieceSet(count: have.count)
            for request in requests where request.from == nil { set.insert(request.piece..<request.end) }
            return set
        }
    }

    private let plan: Plan
    private let ids: [NodeID]
    private var nodes: [Node]
    private var dice: SeededDice
    private var step = 0
    private let start = ContinuousClock.now
    /// What went against the rules.
    private(set) var violations: [String] = []
    /// How often each piece was asked of upstream.
    private(set) var upstreamFetches: [Int]

    init(_ plan: Plan) throws {
        self.plan = plan
        var dice = SeededDice(state: plan.seed)
        let count = plan.nodes + plan.holders
        ids = (0..<count).compactMap { _ in NodeID(bytes: (0..<16).map { _ in UInt8.random(in: 0...255, using: &dice) })
        }
        let digest = ContentHasher.digest(of: [1])
        let start = start
        nodes = ids.enumerated().map { number, id in
            let have = number < plan.nodes ? PieceSet(count: plan.pieces) : .all(of: plan.pieces)
            return Node(
                swarm: Swarm(own: id, digest: digest, pieces: plan.pieces, now: start), have: have,
                canAsk: number < plan.withUpstream)
        }
        upstreamFetches = Array(repeating: 0, count: plan.pieces)
        self.dice = dice
    }

    private var now: ContinuousClock.Instant { start + .milliseconds(50 * step) }

    var isDone: Bool { nodes.allSatisfy { !$0.isAlive || $0.have.population == plan.pieces } }

    /// - Returns: whether every living node got everything within so many steps.
    mutating func run(steps: Int) -> Bool {
        // The first can ask upstream, or the last holds the blob: it never dies.
        let mortal = 1..<max(1, plan.nodes)
        let deaths = mortal.shuffled(using: &dice).prefix(plan.deaths).map {
            ($0, Int.random(in: 1...60, using: &dice))
        }
        while step < steps, !isDone {
            step += 1
            for (number, moment) in deaths where moment == step { nodes[number].isAlive = false }
            for number in 0..<plan.nodes where nodes[number].isAlive && nodes[number].have.population < plan.pieces {
                live(number)
            }
        }
        return isDone
    }

    private mutating func live(_ number: Int) {
        let others = nodes.indices.filter { $0 != number && nodes[$0].isAlive }
        nodes[number].swarm.update(
            holders: others.filter { nodes[$0].have.population == plan.pieces }.map { ids[$0] },
            wanters: others.filter { nodes[$0].have.population < plan.pieces }.map { ids[$0] }, now: now)
        for id in nodes[number].swarm.questions(now: now) { ask(number, id) }
        for request in nodes[number].requests where request.due <= step { end(request, at: number) }
        var missing = PieceSet.all(of: plan.pieces)
        missing.subtract(nodes[number].have)
        missing.subtract(nodes[number].claimed)
        let need = Swarm.Need(
            missing: missing, next: missing.first, transfers: nodes[number].requests.count { $0.from != nil },
            waits: 0, upstreamIsFree: nodes[number].canAsk && !nodes[number].requests.contains { $0.from == nil })
        for fetch in nodes[number].swarm.fetches(need, now: now) { begin(fetch, missing: &missing, at: number) }
    }

    private mutating func ask(_ number: Int, _ id: NodeID) {
        nodes[number].swarm.asked(id, now: now)
        guard let other = ids.firstIndex(of: id), nodes[other].isAlive, !fails() else {
            return nodes[number].swarm.failed(id, now: now)
        }
        nodes[number].swarm.heard(
            id, have: nodes[other].have, fetching: nodes[other].fetching, hasUpstream: nodes[other].canAsk, now: now)
    }

    private mutating func fails() -> Bool { Double.random(in: 0..<1, using: &dice) < plan.failures }

    private mutating func begin(_ fetch: Swarm.Fetch, missing: inout PieceSet, at number: Int) {
        let range: Range<Int>
        let from: Int?
        switch fetch {
        case .upstream(let pieces):
            (range, from) = (pieces, nil)
            if !nodes[number].canAsk { violations.append("asks upstream where it cannot") }
        case .peer(let id, let pieces, _):
            (range, from) = (pieces, ids.firstIndex(of: id))
            nodes[number].swarm.transferBegan(from: id)
        }
        for piece in range {
            if !missing.contains(piece) { violations.append("asks for piece \(piece), which is here or on its way") }
            missing.remove(piece)
            if from == nil { upstreamFetches[piece] += 1 }
        }
        // Upstream is far away.
        let time = Int.random(in: 1...4, using: &dice) * (from == nil ? 4 : 1)
        nodes[number].requests.append(
            Request(from: from, piece: range.lowerBound, end: range.upperBound, due: step + time))
    }

    private mutating func end(_ request: Request, at number: Int) {
        nodes[number].requests.removeAll { $0.from == request.from && $0.piece == request.piece }
        guard let from = request.from else {
            if fails() { return }
            nodes[number].swarm.progressed(now: now)
            nodes[number].have.insert(request.piece)
            // Upstream's stream goes on, piece by piece.
            guard request.piece + 1 < request.end else { return }
            var rest = request
            rest.piece += 1
            rest.due = step + Int.random(in: 1...4, using: &dice) * 4
            nodes[number].requests.append(rest)
            return
        }
        let range = request.piece..<request.end
        defer {
            let came = nodes[number].have.contains(request.piece)
            nodes[number].swarm.transferEnded(from: ids[from], bytes: came ? 4 << 20 : 0, seconds: came ? 0.1 : 0)
        }
        guard nodes[from].isAlive else { return nodes[number].swarm.failed(ids[from], now: now) }
        if fails() {
            switch Int.random(in: 0...2, using: &dice) {
            case 0: nodes[number].swarm.failed(ids[from], now: now)
            case 1: nodes[number].swarm.wasBusy(ids[from], retryAfter: .seconds(1), now: now)
            default: nodes[number].swarm.lacked(ids[from], range, now: now)
            }
            return
        }
        for piece in range {
            guard nodes[from].have.contains(piece) else {
                return nodes[number].swarm.lacked(ids[from], piece..<range.upperBound, now: now)
            }
            nodes[number].have.insert(piece)
            nodes[number].swarm.progressed(now: now)
        }
    }
}

/// The same numbers at each run.
struct SeededDice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return Ownership.mix(state)
    }
}
