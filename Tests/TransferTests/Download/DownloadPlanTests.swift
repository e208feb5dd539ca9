import Discovery
import Integrity
import Testing

@testable import Transfer

private let MiB: Int64 = 1 << 20
private let start = ContinuousClock.now

@Suite("The plan of a download")
struct DownloadPlanTests {
    private let own = NodeID.random()
    private let digest = ContentHasher.digest(of: [1])
    private let peer = NodeID.random()
    private let other = NodeID.random()
    private var alone: DownloadPlan.World { DownloadPlan.World(holders: [], upstreamUsable: true) }
    private var withPeer: DownloadPlan.World { DownloadPlan.World(holders: [peer], upstreamUsable: true) }

    private func plan(size: Int64? = nil, _ intents: DownloadPlan.Intent...) -> DownloadPlan {
        var plan = DownloadPlan(digest, own: own, size: size)
        for (id, intent) in intents.enumerated() { plan.addReader(id, intent, now: start) }
        return plan
    }

    /// Lets a run bring bytes, as the shell would.
    private func runs(_ actions: [DownloadPlan.Action]) -> [DownloadPlan.Action] {
        actions.filter { if case .askChain = $0 { false } else { true } }
    }

    @discardableResult
    private func bring(_ plan: inout DownloadPlan, _ run: Int, _ count: Int64) -> DownloadPlan.WriteDecision {
        let decision = plan.willWrite(run, count: count)
        if case .write(let parts) = decision { _ = plan.wrote(run, parts, count: count, now: start) }
        return decision
    }

    @Test("asks upstream once and plainly for a whole blob that nobody else has")
    func plainRequest() {
        var plan = plan(.toEnd(from: 0), .toEnd(from: 0))
        #expect(plan.evaluate(now: start, world: alone) == [.start(0, .upstream, nil)])
        #expect(plan.evaluate(now: start, world: alone) == [])
    }

    @Test("prefers a peer to upstream")
    func prefersPeer() {
        var plan = plan(.toEnd(from: 0))
        #expect(plan.evaluate(now: start, world: withPeer) == [.start(0, .peer(peer), nil)])
    }

    @Test("releases upstream's bytes at once, but the last piece only when the digest is right")
    func releaseOfUpstream() {
        var plan = plan(.toEnd(from: 0))
        _ = plan.evaluate(now: start, world: alone)
        #expect(plan.runOpened(0, offset: 0, total: 10 * MiB, rangeIgnored: false, now: start) == .proceed)
        bring(&plan, 0, MiB)
        #expect(plan.read(0, at: 0, now: start) == .ready(upTo: MiB))
        bring(&plan, 0, 9 * MiB)
        #expect(plan.read(0, at: 0, now: start) == .ready(upTo: 8 * MiB))
        #expect(plan.read(0, at: 8 * MiB, now: start) == .wait)
        plan.verified()
        #expect(plan.read(0, at: 8 * MiB, now: start) == .ready(upTo: 10 * MiB))
    }

    @Test("releases nothing of a peer's before the whole digest is right")
    func releaseOfPeer() {
        var plan = plan(.toEnd(from: 0), .closed(0..<100))
        _ = plan.evaluate(now: start, world: withPeer)
        _ = plan.runOpened(0, offset: 0, total: 6 * MiB, rangeIgnored: false, now: start)
        bring(&plan, 0, 6 * MiB)
        #expect(plan.isComplete)
        #expect(plan.read(0, at: 0, now: start) == .wait)
        #expect(plan.read(1, at: 0, now: start) == .wait)
        plan.verified()
        #expect(plan.read(0, at: 0, now: start) == .ready(upTo: 6 * MiB))
    }

    @Test("gives a closed range its bytes when they come, the blob's last ones too")
    func closedRange() {
        var plan = plan(size: 100 * MiB, .closed(99 * MiB..<100 * MiB))
        #expect(plan.evaluate(now: start, world: alone) == [.start(0, .upstream, 96 * MiB..<100 * MiB)])
        _ = plan.runOpened(0, offset: 96 * MiB, total: 100 * MiB, rangeIgnored: false, now: start)
        bring(&plan, 0, 4 * MiB)
        #expect(plan.read(0, at: 99 * MiB, now: start) == .ready(upTo: 100 * MiB))
        plan.runEnded(0, .finished, now: start)
        #expect(plan.evaluate(now: start, world: alone) == [], "the rest of the blob is nobody's wish")
    }

    @Test("joins the demand of many ranges into few requests")
    func manyRanges() {
        var plan = DownloadPlan(digest, own: own, size: 1024 * MiB)
        for id in 0..<200 {
            let bounds = (Int64(id) * 1024 * MiB / 200)..<(Int64(id + 1) * 1024 * MiB / 200)
            plan.addReader(id, .closed(bounds), now: start)
        }
        let actions = plan.evaluate(now: start, world: alone)
        #expect(actions.count == DownloadPlan.upstreamRuns)
        let ends = plan.runs.values.compactMap(\.end).sorted()
        let starts = plan.runs.values.map(\.position).sorted()
        #expect(
            starts.first == 0 && Array(starts.dropFirst()) == Array(ends.dropLast()),
            "one after the other, no byte twice")
        #expect(ends.allSatisfy { $0 % DownloadPlan.pieceSize == 0 })
    }

    @Test("gives a reader far ahead a request of its own, and no byte two")
    func split() {
        var plan = plan(size: 200 * MiB, .toEnd(from: 0))
        _ = plan.evaluate(now: start, world: alone)
        _ = plan.runOpened(0, offset: 0, total: 200 * MiB, rangeIgnored: false, now: start)
        bring(&plan, 0, MiB)
        plan.addReader(1, .closed(101 * MiB..<102 * MiB), now: start)
        #expect(plan.evaluate(now: start, world: alone) == [.start(1, .upstream, 100 * MiB..<200 * MiB)])
        #expect(plan.runs[0]?.claim(size: 200 * MiB) == MiB..<100 * MiB)
        bring(&plan, 0, 99 * MiB)
        #expect(plan.willWrite(0, count: MiB) == .stop)
    }

    @Test("goes on at the same byte from a peer when upstream breaks off, and waits for the digest with what it brings")
    func upstreamBreaks() {
        var plan = plan(.toEnd(from: 0))
        _ = plan.evaluate(now: start, world: alone)
        _ = plan.runOpened(0, offset: 0, total: 20 * MiB, rangeIgnored: false, now: start)
        bring(&plan, 0, 7 * MiB)
        plan.runEnded(0, .broke("cut"), now: start)
        #expect(runs(plan.evaluate(now: start, world: withPeer)) == [.start(1, .peer(peer), 7 * MiB..<20 * MiB)])
        _ = plan.runOpened(1, offset: 7 * MiB, total: 20 * MiB, rangeIgnored: false, now: start)
        bring(&plan, 1, 13 * MiB)
        #expect(plan.read(0, at: 0, now: start) == .ready(upTo: 7 * MiB))
        #expect(plan.read(0, at: 7 * MiB, now: start) == .wait)
        plan.verified()
        #expect(plan.read(0, at: 7 * MiB, now: start) == .ready(upTo: 20 * MiB))
    }

    @Test("resumes upstream at the byte where it broke off, for as long as there is progress")
    func upstreamResumes() {
        var plan = plan(.toEnd(from: 0))
        _ = plan.evaluate(now: start, world: alone)
        _ = plan.runOpened(0, offset: 0, total: 20 * MiB, rangeIgnored: false, now: start)
        for run in 0..<10 {
            bring(&plan, run, MiB)
            plan.runEnded(run, .broke("cut"), now: start)
            let next = Int64(run + 1) * MiB
            #expect(plan.evaluate(now: start, world: alone) == [.start(run + 1, .upstream, next..<20 * MiB)])
            _ = plan.runOpened(run + 1, offset: next, total: 20 * MiB, rangeIgnored: false, now: start)
        }
    }

    @Test("gives upstream up after tries without a byte, asks the LAN, and then fails")
    func givesUp() {
        var plan = plan(.toEnd(from: 0))
        var now = start
        var run = 0
        for _ in 0...DownloadPlan.upstreamFruitless {
            guard case .start(run, .upstream, nil)? = plan.evaluate(now: now, world: alone).first else {
                Issue.record("run \(run) is not started")
                return
            }
            plan.runEnded(run, .broke("no answer"), now: now)
            run += 1
            now = now.advanced(by: .seconds(5))
        }
        #expect(plan.evaluate(now: now, world: alone) == [.askLAN])
        plan.lanAnswered()
        #expect(plan.evaluate(now: now, world: alone) == [])
        guard case .failed(.notFound, let message) = plan.read(0, at: 0, now: now) else {
            Issue.record("the reader is not told")
            return
        }
        #expect(message.contains("no answer"))
    }

    @Test("takes the next peer at the same byte when one breaks off")
    func nextPeer() {
        var plan = plan(.toEnd(from: 0))
        let world = DownloadPlan.World(holders: [peer, other], upstreamUsable: true)
        _ = plan.evaluate(now: start, world: world)
        _ = plan.runOpened(0, offset: 0, total: 20 * MiB, rangeIgnored: false, now: start)
        bring(&plan, 0, 3 * MiB)
        plan.runEnded(0, .broke("killed"), now: start)
        #expect(runs(plan.evaluate(now: start, world: world)) == [.start(1, .peer(other), 3 * MiB..<20 * MiB)])
    }

    @Test("drops a peer's wrong bytes, blames it, and fetches them elsewhere")
    func wrongBytes() {
        var plan = plan(.toEnd(from: 0))
        _ = plan.evaluate(now: start, world: withPeer)
        _ = plan.runOpened(0, offset: 0, total: 2 * MiB, rangeIgnored: false, now: start)
        bring(&plan, 0, 2 * MiB)
        plan.runEnded(0, .finished, now: start)
        #expect(plan.mismatched("wrong") == [.blame(peer, convicted: true)])
        #expect(plan.evaluate(now: start, world: withPeer) == [.start(1, .upstream, nil)])
    }

    @Test("believes upstream's size, not a peer's")
    func sizes() {
        var plan = plan(.toEnd(from: 0))
        _ = plan.evaluate(now: start, world: withPeer)
        _ = plan.runOpened(0, offset: 0, total: 2 * MiB, rangeIgnored: false, now: start)
        bring(&plan, 0, MiB)
        plan.runEnded(0, .broke("killed"), now: start)
        _ = plan.evaluate(now: start, world: alone)
        #expect(plan.runOpened(1, offset: MiB, total: 3 * MiB, rangeIgnored: false, now: start) == .proceed)
        #expect(plan.size == 3 * MiB)
        #expect(plan.front == 0, "bytes of a peer that was wrong about the size are not kept")
    }

    @Test("fails when upstream's own bytes are wrong after some went out, and never gives the last piece")
    func upstreamWrong() {
        var plan = plan(.toEnd(from: 0))
        _ = plan.evaluate(now: start, world: alone)
        _ = plan.runOpened(0, offset: 0, total: 9 * MiB, rangeIgnored: false, now: start)
        bring(&plan, 0, 9 * MiB)
        #expect(plan.read(0, at: 0, now: start) == .ready(upTo: 8 * MiB))
        plan.runEnded(0, .finished, now: start)
        #expect(plan.mismatched("wrong") == [])
        guard case .failed(.damaged, _) = plan.read(0, at: 8 * MiB, now: start) else {
            Issue.record("the reader was not cut off")
            return
        }
    }

    @Test("takes another size from upstream after its bytes were wrong")
    func sizeAfterWrongBytes() {
        var plan = plan(.toEnd(from: 0))
        _ = plan.evaluate(now: start, world: alone)
        _ = plan.runOpened(0, offset: 0, total: 2 * MiB, rangeIgnored: false, now: start)
        bring(&plan, 0, 2 * MiB)
        plan.runEnded(0, .finished, now: start)
        #expect(plan.mismatched("wrong") == [])
        #expect(plan.phase == .fetching, "nothing has gone out yet")
        #expect(plan.evaluate(now: start, world: alone) == [.start(1, .upstream, nil)])
        #expect(plan.runOpened(1, offset: 0, total: 3 * MiB, rangeIgnored: false, now: start) == .proceed)
        #expect(plan.size == 3 * MiB)
    }

    @Test("takes upstream's bytes when peers' could not be released for twenty seconds")
    func takeover() {
        var plan = plan(.toEnd(from: 0))
        _ = plan.evaluate(now: start, world: withPeer)
        _ = plan.runOpened(0, offset: 0, total: 100 * MiB, rangeIgnored: false, now: start)
        bring(&plan, 0, 10 * MiB)
        _ = plan.read(0, at: 0, now: start)
        let soon = start.advanced(by: .seconds(5))
        #expect(runs(plan.evaluate(now: soon, world: withPeer)) == [])
        let late = start.advanced(by: .seconds(20))
        let actions = plan.evaluate(now: late, world: withPeer)
        #expect(
            actions.contains { if case .start(_, .upstream, let range) = $0 { range?.lowerBound == 0 } else { false } })
        guard let run = plan.runs.first(where: { $0.value.source == .upstream && $0.value.position == 0 })?.key else {
            Issue.record("upstream is not asked for the first bytes")
            return
        }
        _ = plan.runOpened(run, offset: 0, total: 100 * MiB, rangeIgnored: false, now: late)
        let before = plan.hashGeneration
        bring(&plan, run, 4 * MiB)
        #expect(plan.hashGeneration != before, "bytes that were hashed have been replaced")
        #expect(plan.read(0, at: 0, now: late) == .ready(upTo: 4 * MiB))
    }

    @Test("refuses more bytes than the blob has")
    func overflow() {
        var plan = plan(.toEnd(from: 0))
        _ = plan.evaluate(now: start, world: alone)
        _ = plan.runOpened(0, offset: 0, total: 100, rangeIgnored: false, now: start)
        #expect(plan.willWrite(0, count: 101) == .overflow)
    }

    @Test("streams an upstream that ignores ranges once, from its first byte")
    func ignoresRanges() {
        var plan = plan(size: 100 * MiB, .closed(50 * MiB..<51 * MiB))
        _ = plan.evaluate(now: start, world: alone)
        #expect(plan.runOpened(0, offset: 0, total: 100 * MiB, rangeIgnored: true, now: start) == .proceed)
        plan.addReader(1, .closed(90 * MiB..<91 * MiB), now: start)
        #expect(plan.evaluate(now: start, world: alone) == [])
        #expect(bring(&plan, 0, MiB) == .write([0..<MiB]))
    }

    @Test("begins afresh for a reader that comes after a failure, with the bytes that are here")
    func revives() {
        var plan = plan(.toEnd(from: 0))
        _ = plan.evaluate(now: start, world: alone)
        _ = plan.runOpened(0, offset: 0, total: 20 * MiB, rangeIgnored: false, now: start)
        bring(&plan, 0, 5 * MiB)
        plan.runEnded(0, .refused("gone"), now: start)
        #expect(plan.evaluate(now: start, world: alone) == [.askLAN])
        plan.lanAnswered()
        _ = plan.evaluate(now: start, world: alone)
        plan.removeReader(0)
        plan.addReader(1, .toEnd(from: 5 * MiB), now: start)
        #expect(plan.evaluate(now: start, world: alone) == [.start(1, .upstream, 5 * MiB..<Int64.max)])
        #expect(plan.read(1, at: 5 * MiB, now: start) == .wait)
        #expect(plan.runOpened(1, offset: 5 * MiB, total: 20 * MiB, rangeIgnored: false, now: start) == .proceed)
        #expect(plan.front == 5 * MiB)
        #expect(plan.evaluate(now: start, world: alone) == [])
    }

    /// A download that has failed after upstream said that the blob has 20 MiB and gave 5 of them.
    private func failed() -> DownloadPlan {
        var plan = plan(.toEnd(from: 0))
        _ = plan.evaluate(now: start, world: alone)
        _ = plan.runOpened(0, offset: 0, total: 20 * MiB, rangeIgnored: false, now: start)
        bring(&plan, 0, 5 * MiB)
        plan.runEnded(0, .refused("gone"), now: start)
        plan.lanAnswered()
        _ = plan.evaluate(now: start, world: alone)
        plan.removeReader(0)
        return plan
    }

    @Test("tells a new reader of a download that failed no size that may have been the reason")
    func noSizeAfterFailure() {
        var plan = failed()
        #expect(plan.currentSize == nil)
        plan.addReader(1, .toEnd(from: 0), now: start)
        #expect(plan.currentSize == nil)
    }

    @Test("believes another size of upstream's in a new attempt, and drops the bytes that came with the first")
    func anotherSize() {
        var plan = failed()
        plan.addReader(1, .toEnd(from: 0), now: start)
        _ = plan.evaluate(now: start, world: alone)
        #expect(plan.runOpened(1, offset: 5 * MiB, total: 6 * MiB, rangeIgnored: false, now: start) == .proceed)
        #expect(plan.currentSize == 6 * MiB)
        #expect(plan.front == 0)
        #expect(plan.evaluate(now: start, world: alone) == [.start(2, .upstream, 0..<5 * MiB)])
    }

    @Test("asks from the front where upstream has nothing at the place where the bytes that are here end")
    func fromTheFront() {
        var plan = failed()
        plan.addReader(1, .toEnd(from: 0), now: start)
        _ = plan.evaluate(now: start, world: alone)
        plan.runEnded(1, .noSuchRange("it has no such range (416)"), now: start)
        #expect(plan.evaluate(now: start, world: alone) == [.start(2, .upstream, nil)])
    }

    @Test("goes on at once in a new attempt where a manifest says the same size as upstream did")
    func confirmedByClaim() {
        var plan = failed()
        plan.addReader(1, .toEnd(from: 0), now: start)
        var world = alone
        world.claimedSize = 20 * MiB
        #expect(plan.evaluate(now: start, world: world) == [.start(1, .upstream, 5 * MiB..<20 * MiB)])
        #expect(plan.read(1, at: 0, now: start) == .ready(upTo: 5 * MiB))
    }

    @Test("takes an empty blob as complete")
    func empty() {
        var plan = plan(.toEnd(from: 0))
        _ = plan.evaluate(now: start, world: alone)
        _ = plan.runOpened(0, offset: 0, total: 0, rangeIgnored: false, now: start)
        #expect(plan.isComplete)
        plan.verified()
        #expect(plan.read(0, at: 0, now: start) == .ready(upTo: 0))
    }

    @Test("what others claim to be empty is fetched all the same")
    func claimedEmpty() {
        var plan = plan(.toEnd(from: 0))
        var world = alone
        world.claimedSize = 0
        #expect(plan.evaluate(now: start, world: world) == [.start(0, .upstream, nil)])
        #expect(!plan.isComplete)
    }

    @Test("others are asked for a size in turn, and no answer makes for more questions")
    func sizeQuestions() {
        var plan = plan(.toEnd(from: 0))
        let wanters = (0..<6).map { _ in NodeID.random() }
        let world = DownloadPlan.World(holders: [], upstreamUsable: false, wanters: wanters)
        func asked(after time: Duration) -> [NodeID] {
            plan.evaluate(now: start + time, world: world).compactMap {
                if case .ask(let node, nil) = $0 { node } else { nil }
            }
        }
        #expect(asked(after: .zero) == Array(wanters[..<4]))
        for node in wanters[..<4] {
            plan.notHeard(node, now: start)
            #expect(asked(after: .milliseconds(10)).isEmpty)
        }
        #expect(asked(after: SwarmLimits.askingSize) == Array(wanters[4...]) + Array(wanters[..<2]))
        #expect(plan.read(0, at: 0, now: start) == .wait)
        // Nobody knows: the runtime is better off asking the registry itself.
        #expect(plan.evaluate(now: start + DownloadPlan.sizePatience, world: world).contains(.askLAN))
        plan.lanAnswered()
        _ = asked(after: DownloadPlan.sizePatience)
        guard case .failed(.notFound, _) = plan.read(0, at: 0, now: start) else {
            Issue.record("the download waits on, though nobody can say how long the blob is")
            return
        }
    }
}
