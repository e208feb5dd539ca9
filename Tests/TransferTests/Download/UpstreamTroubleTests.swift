import Discovery
import Integrity
import OCI
import Testing

@testable import Transfer

private let MiB: Int64 = 1 << 20
private let start = ContinuousClock.now

@Suite("A download whose upstream is in trouble")
struct UpstreamTroubleTests {
    private let digest = ContentHasher.digest(of: [1])
    private let peer = NodeID.random()
    private let alone = DownloadPlan.World(holders: [], upstreamUsable: true)

    private func plan(size: Int64? = nil, _ intents: DownloadPlan.Intent...) -> DownloadPlan {
        var plan = DownloadPlan(digest, own: NodeID.random(), size: size)
        for (id, intent) in intents.enumerated() { plan.addReader(id, intent, now: start) }
        return plan
    }

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

    private func bring(_ plan: inout DownloadPlan, _ run: Int, _ count: Int64, at seconds: Double = 0) {
        guard case .write(let parts) = plan.willWrite(run, count: count) else { return }
        _ = plan.wrote(run, parts, count: count, now: at(seconds))
    }

    /// The number of the request to upstream that the plan begins then; nil: none.
    private func asked(_ plan: inout DownloadPlan, at seconds: Double) -> Int? {
        for case .start(let id, .upstream, _) in plan.evaluate(now: at(seconds), world: alone) { return id }
        return nil
    }

    private func isGivenUp(_ plan: inout DownloadPlan, at seconds: Double) -> Bool {
        _ = plan.evaluate(now: at(seconds), world: alone)
        plan.lanAnswered()
        _ = plan.evaluate(now: at(seconds), world: alone)
        guard case .failed = plan.phase else { return false }
        return true
    }

    // MARK: Silence

    @Test("gives it up when it has been silent three times in a row, whatever it sent before")
    func silence() throws {
        var plan = plan(.toEnd(from: 0))
        var now = 0.0
        for attempt in 0..<3 {
            let run = try #require(asked(&plan, at: now))
            #expect(
                plan.runOpened(run, offset: plan.front, total: 100 * MiB, rangeIgnored: false, now: at(now)) == .proceed
            )
            if attempt == 0 { bring(&plan, run, 50 * MiB, at: now + 1) }
            now += 31
            plan.runEnded(run, .broke("silent"), now: at(now))
            now += 5
        }
        #expect(isGivenUp(&plan, at: now))
        #expect(plan.read(0, at: 0, now: at(now)) == .ready(upTo: 50 * MiB), "what has come goes out")
    }

    @Test("counts silences of requests beside each other once")
    func silenceBeside() throws {
        var plan = plan(
            size: 400 * MiB, .closed(0..<MiB), .closed(100 * MiB..<101 * MiB), .closed(200 * MiB..<201 * MiB))
        let runs = plan.evaluate(now: start, world: alone).compactMap { action -> Int? in
            if case .start(let id, .upstream, _) = action { id } else { nil }
        }
        #expect(runs.count == 3)
        for run in runs { plan.runEnded(run, .broke("silent"), now: at(30)) }
        #expect(plan.upstream.silence == .seconds(30) && plan.upstream.fruitless == 1 && plan.upstream.resumes == 1)
        #expect(asked(&plan, at: 40) != nil)
    }

    @Test("goes on for as long as it flows longer than it is silent, or brings a piece each time")
    func silenceAndFlow() throws {
        var plan = plan(.toEnd(from: 0))
        var now = 0.0
        for attempt in 0..<10 {
            let run = try #require(asked(&plan, at: now), "attempt \(attempt)")
            _ = plan.runOpened(run, offset: plan.front, total: 100 * MiB, rangeIgnored: false, now: at(now))
            if attempt.isMultiple(of: 2) {
                // 100 KiB in forty seconds.
                for step in 0..<40 { bring(&plan, run, 2560, at: now + Double(step)) }
                now += 40
            } else {
                bring(&plan, run, 4 * MiB, at: now)
            }
            now += 30
            plan.runEnded(run, .broke("silent"), now: at(now))
            now += 5
        }
        #expect(!isGivenUp(&plan, at: now))
    }

    @Test("lets one that was given up for its silence be silent once more for who comes back, and no more")
    func probation() throws {
        var plan = plan(.toEnd(from: 0))
        var now = 0.0
        for _ in 0..<3 {
            let run = try #require(asked(&plan, at: now))
            now += 30
            plan.runEnded(run, .broke("silent"), now: at(now))
            now += 5
        }
        #expect(isGivenUp(&plan, at: now))
        plan.addReader(7, .toEnd(from: 0), now: at(now))
        let run = try #require(asked(&plan, at: now))
        now += 30
        plan.runEnded(run, .broke("silent"), now: at(now))
        #expect(isGivenUp(&plan, at: now + 5))
    }

    // MARK: What counts

    @Test("takes bytes that are here already for no progress")
    func duplicates() throws {
        var plan = plan(.toEnd(from: 0))
        var now = 0.0
        var attempts = 0
        while attempts < 20, let run = asked(&plan, at: now) {
            _ = plan.runOpened(run, offset: 0, total: 10 * MiB, rangeIgnored: true, now: at(now))
            bring(&plan, run, 5 * MiB, at: now)
            plan.runEnded(run, .broke("cut"), now: at(now))
            attempts += 1
            now += 10
        }
        #expect(attempts == 1 + DownloadPlan.upstreamFruitless + 1)
        #expect(isGivenUp(&plan, at: now))
    }

    @Test("keeps the bytes of a blob of unknown size when upstream refuses, and drops them when it has no such range")
    func refusals() throws {
        for (ending, kept) in [(DownloadPlan.Ending.refused("401"), 5 * MiB), (.noSuchRange("416"), 0)] {
            var plan = plan(.toEnd(from: 0))
            let first = try #require(asked(&plan, at: 0))
            _ = plan.runOpened(first, offset: 0, total: 10 * MiB, rangeIgnored: false, now: start)
            bring(&plan, first, 5 * MiB)
            plan.runEnded(first, .refused("gone"), now: start)
            #expect(isGivenUp(&plan, at: 1))
            plan.addReader(1, .toEnd(from: 0), now: at(2))
            let second = try #require(asked(&plan, at: 2))
            plan.runEnded(second, ending, now: at(3))
            #expect(plan.front == kept)
        }
    }

    @Test("takes the place of peers that drip")
    func drips() throws {
        var plan = plan(.toEnd(from: 0))
        let world = DownloadPlan.World(holders: [peer], upstreamUsable: true)
        _ = plan.evaluate(now: start, world: world)
        _ = plan.runOpened(0, offset: 0, total: 10 * MiB, rangeIgnored: false, now: start)
        #expect(plan.read(0, at: 0, now: start) == .wait)
        for step in 1...25 {
            bring(&plan, 0, 10, at: Double(step))
            for case .start(let id, let source, let range) in plan.evaluate(now: at(Double(step)), world: world) {
                // A new request to the peer is no help.
                if source == .upstream {
                    #expect(step >= 20 && range?.lowerBound == 0 && plan.runs[id] != nil)
                    return
                }
            }
        }
        Issue.record("upstream was not asked")
    }

    // MARK: Sizes

    @Test("believes no source that the blob is larger than any blob", arguments: [Int64.max, 1 << 60, -1])
    func impossibleSize(_ size: Int64) throws {
        var plan = plan(.toEnd(from: 0))
        let claim = DownloadPlan.World(holders: [], upstreamUsable: true, claimedSize: size)
        let actions = plan.evaluate(now: start, world: claim)
        #expect(actions == [.start(0, .upstream, nil)] && plan.size == nil)
        guard case .refuse = plan.runOpened(0, offset: 0, total: size, rangeIgnored: false, now: start) else {
            Issue.record("upstream is believed")
            return
        }
        plan.runEnded(0, .broke("no blob has"), now: start)
        let withPeer = DownloadPlan.World(holders: [peer], upstreamUsable: false)
        #expect(plan.evaluate(now: at(1), world: withPeer) == [.start(1, .peer(peer), nil)])
        guard case .refuse = plan.runOpened(1, offset: 0, total: size, rangeIgnored: false, now: at(1)) else {
            Issue.record("the peer is believed")
            return
        }
        #expect(plan.size == nil && plan.excludedPeers == [peer])
    }

    @Test("takes a shorter size from upstream while pieces behind it are under way")
    func shorter() throws {
        var plan = plan(.closed(0..<MiB), .closed(100 * MiB..<101 * MiB), .closed(200 * MiB..<201 * MiB))
        var claim = DownloadPlan.World(holders: [], upstreamUsable: true, claimedSize: 400 * MiB)
        _ = plan.evaluate(now: start, world: claim)
        #expect(plan.size == 400 * MiB && plan.runs.count > 1)
        let generation = plan.hashGeneration
        let first = try #require(plan.runs.first { $0.value.position == 0 }?.key)
        #expect(
            plan.runOpened(first, offset: 0, total: 10 * MiB, rangeIgnored: false, now: start) == .proceed)
        let going = plan.runs.filter { !$0.value.cancelled }.map(\.key)
        #expect(plan.size == 10 * MiB && going == [first])
        claim.wanters = [peer]
        _ = plan.evaluate(now: at(1), world: claim)
        #expect(plan.checked([50], [.link(holds: true)], generation: generation) == [])
        #expect(plan.kind(of: 50) == nil && plan.range(of: 50, size: 10 * MiB).isEmpty)
    }

    @Test(
        "is asked from the front where others' word of the size led behind its end, and they are believed when it is gone"
    )
    func longer() throws {
        var plan = plan(.toEnd(from: 0))
        let claim = DownloadPlan.World(holders: [], upstreamUsable: true, claimedSize: 100 * MiB)
        let actions = plan.evaluate(now: start, world: claim)
        #expect(actions == [.start(0, .upstream, nil)] && plan.size == 100 * MiB)
        _ = plan.runOpened(0, offset: 0, total: nil, rangeIgnored: false, now: start)
        bring(&plan, 0, 5 * MiB)
        plan.runEnded(0, .broke("cut"), now: start)
        #expect(plan.evaluate(now: at(1), world: claim) == [.start(1, .upstream, 5 * MiB..<100 * MiB)])
        plan.runEnded(1, .noSuchRange("416"), now: at(1))
        #expect(plan.evaluate(now: at(2), world: claim) == [.start(2, .upstream, nil)])
        #expect(plan.size == nil && plan.front == 0)
        plan.runEnded(2, .refused("gone"), now: at(2))
        _ = plan.evaluate(now: at(3), world: .init(holders: [peer], upstreamUsable: true, claimedSize: 100 * MiB))
        #expect(plan.size == 100 * MiB)
    }

    @Test("brings what a reader of a range waits for where peers' bytes are here and nobody says what they should be")
    func heldUp() throws {
        var plan = plan(size: 40 * MiB, .closed(8 * MiB..<12 * MiB))
        let world = DownloadPlan.World(holders: [], upstreamUsable: true, wanters: [peer])
        _ = plan.evaluate(now: start, world: world)
        for id in plan.runs.keys { plan.runEnded(id, .finished, now: start) }
        plan.present.insert(8 * MiB..<12 * MiB, from: .peer)
        plan.claims.learn(
            try #require(PieceSum(bytes: [UInt8](repeating: 1, count: 32))), of: 9, from: peer, origin: nil)
        #expect(plan.canCheck && plan.read(0, at: 8 * MiB, now: start) == .wait)
        var asked: [Range<Int64>?] = []
        for second in 1...30 {
            for case .start(_, .upstream, let range) in plan.evaluate(now: at(Double(second)), world: world) {
                asked.append(range)
            }
        }
        #expect(asked.first??.lowerBound == 8 * MiB)
    }

    @Test("has nothing to wait for in a range behind the end, once the size is known")
    func behindTheEnd() {
        var known = plan(size: 10 * MiB, .closed(0..<0))
        #expect(known.read(0, at: 0, now: start) == .ready(upTo: 0))
        var unknown = plan(.closed(0..<0))
        #expect(unknown.read(0, at: 0, now: start) == .wait)
    }

    @Test("lets a reader wait for the digest that does not know where its range is, for longer than patience")
    func unknownRange() throws {
        var plan = plan(.toEnd(from: 0))
        let run = try #require(asked(&plan, at: 0))
        _ = plan.runOpened(run, offset: 0, total: 100 * MiB, rangeIgnored: false, now: start)
        #expect(plan.read(0, at: .max, now: start) == .wait)
        for step in 1...30 {
            bring(&plan, run, MiB, at: Double(step))
            _ = plan.evaluate(now: at(Double(step)), world: alone)
        }
        #expect(plan.takenOver && plan.runs[run]?.cancelled == false)
    }
}
