import Content
import Discovery
import Integrity
import OCI
import Testing

@testable import Transfer

private let MiB: Int64 = 1 << 20
private let start = ContinuousClock.now

/// Two whole pieces and the beginning of a third.
private let blob = (0..<Int(9 * MiB)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 11) }
private let chain: HashChain = {
    var hasher = ChainHasher()
    blob.withUnsafeBytes { hasher.update($0) }
    return hasher.finish()
}()

@Suite("Pieces that are checked by their links")
struct LinkCheckTests {
    private let peer = NodeID.random()
    private var world: DownloadPlan.World { DownloadPlan.World(holders: [peer], upstreamUsable: true) }

    /// One that reads all from a peer whose chain it has, and its run.
    private func plan(sizeIsKnown: Bool = true) throws -> (plan: DownloadPlan, run: Int) {
        var plan = DownloadPlan(chain.digest, own: NodeID.random(), size: 9 * MiB)
        plan.sizeIsUpstreams = sizeIsKnown
        plan.addReader(0, .toEnd(from: 0), now: start)
        let actions = plan.evaluate(now: start, world: world)
        let run = try #require(actions.lazy.compactMap { if case .start(let id, _, _) = $0 { id } else { nil } }.first)
        plan.chainAnswered(chain, by: peer)
        #expect(plan.runOpened(run, offset: 0, total: 9 * MiB, rangeIgnored: false, now: start) == .proceed)
        return (plan, run)
    }

    /// One of a blob of 100 pieces, of which two are best hashed side by side.
    private func longPlan() throws -> (plan: DownloadPlan, run: Int) {
        var hasher = ChainHasher()
        let piece = [UInt8](repeating: 7, count: Int(DownloadPlan.pieceSize))
        for _ in 0..<100 { piece.withUnsafeBytes { hasher.update($0) } }
        let chain = hasher.finish()
        var plan = DownloadPlan(chain.digest, own: NodeID.random(), size: 400 * MiB)
        plan.sideBySide = 2
        plan.addReader(0, .toEnd(from: 0), now: start)
        let actions = plan.evaluate(now: start, world: world)
        let run = try #require(actions.lazy.compactMap { if case .start(let id, _, _) = $0 { id } else { nil } }.first)
        plan.chainAnswered(chain, by: peer)
        #expect(plan.runOpened(run, offset: 0, total: 400 * MiB, rangeIgnored: false, now: start) == .proceed)
        return (plan, run)
    }

    private func bring(_ plan: inout DownloadPlan, _ run: Int, _ count: Int64) {
        guard case .write(let parts) = plan.willWrite(run, count: count) else { return }
        _ = plan.wrote(run, parts, count: count, now: start)
    }

    private func link(_ piece: Int) throws -> HashChain.Link { try #require(chain.link(of: piece)) }

    private func batches(_ actions: [DownloadPlan.Action]) -> [[Int]] {
        actions.compactMap { if case .check(let pieces, _) = $0 { pieces.map(\.piece) } else { nil } }
    }

    @Test("are looked at together, and what comes meanwhile waits for the next look")
    func batches() throws {
        var (plan, run) = try plan()
        bring(&plan, run, 5 * MiB)
        #expect(batches(plan.evaluate(now: start, world: world)) == [[0]])
        bring(&plan, run, 4 * MiB)
        #expect(batches(plan.evaluate(now: start, world: world)) == [])
        #expect(plan.checked([0], [.link(holds: true)], generation: plan.hashGeneration) == [])
        #expect(batches(plan.evaluate(now: start, world: world)) == [[1, 2]])
    }

    @Test("wait a moment for company where nobody is in a hurry and much more is coming")
    func company() throws {
        var short = try plan()
        short.plan.sideBySide = 2
        bring(&short.plan, short.run, 5 * MiB)
        #expect(batches(short.plan.evaluate(now: start, world: world)) == [[0]], "less than two pieces are to come")
        var long = try longPlan()
        bring(&long.plan, long.run, 5 * MiB)
        let actions = long.plan.evaluate(now: start, world: world)
        #expect(batches(actions) == [] && actions.contains(.evaluate(after: DownloadPlan.company)))
        #expect(batches(long.plan.evaluate(now: start + .milliseconds(50), world: world)) == [])
        #expect(batches(long.plan.evaluate(now: start + DownloadPlan.company, world: world)) == [[0]])
        _ = long.plan.checked([0], [.link(holds: true)], generation: long.plan.hashGeneration)
        bring(&long.plan, long.run, 4 * MiB)
        #expect(batches(long.plan.evaluate(now: start, world: world)) == [])
        bring(&long.plan, long.run, 4 * MiB)
        #expect(batches(long.plan.evaluate(now: start, world: world)) == [[1, 2]], "enough have come")
    }

    @Test("wait for no company where somebody reads a part only")
    func hurry() throws {
        var (plan, run) = try longPlan()
        plan.addReader(1, .closed(MiB..<2 * MiB), now: start)
        bring(&plan, run, 5 * MiB)
        #expect(batches(plan.evaluate(now: start, world: world)) == [[0]])
    }

    @Test("are not looked at over and over where they cannot be read: the download ends for it")
    func unreadable() throws {
        var (plan, run) = try plan()
        bring(&plan, run, 9 * MiB)
        #expect(batches(plan.evaluate(now: start, world: world)) == [[0, 1, 2]])
        _ = plan.checked([0, 1, 2], [nil, nil, nil], generation: plan.hashGeneration)
        #expect(plan.frontStep(at: 0, .initial) == .hash(0..<4 * MiB))
        #expect(batches(plan.evaluate(now: start, world: world)) == [], "nothing is looked at over and over")
    }

    @Test("keep their ranges where the blob turns out to be shorter, and what comes behind its end does not count")
    func shorter() throws {
        var (plan, run) = try plan(sizeIsKnown: false)
        bring(&plan, run, 5 * MiB)
        let checks = plan.evaluate(now: start, world: world)
        guard case .write(let parts) = plan.willWrite(run, count: 3 * MiB) else {
            Issue.record("nothing is to be written")
            return
        }
        let upstream = plan.nextRun
        _ = plan.start(.upstream, 0..<4 * MiB, now: start)
        #expect(plan.runOpened(upstream, offset: 0, total: 6 * MiB + 1, rangeIgnored: false, now: start) == .proceed)
        #expect(
            checks.contains {
                if case .check(let pieces, _) = $0 { pieces.map(\.range) == [0..<4 * MiB] } else { false }
            })
        _ = plan.wrote(run, parts, count: 3 * MiB, now: start)
        #expect(plan.size == 6 * MiB + 1)
        #expect(plan.present.extents.allSatisfy { $0.range.upperBound <= 6 * MiB + 1 })
    }

    @Test("are not hashed again from the front, which waits for them")
    func front() throws {
        var (plan, run) = try plan()
        bring(&plan, run, 5 * MiB)
        _ = plan.evaluate(now: start, world: world)
        #expect(plan.frontStep(at: 0, .initial) == .wait)
        _ = plan.checked([0], [.link(holds: true)], generation: plan.hashGeneration)
        #expect(plan.frontStep(at: 0, .initial) == .follow(try link(0), to: 4 * MiB))
        #expect(plan.frontStep(at: 4 * MiB, chain.states[0]) == .wait)
        bring(&plan, run, 4 * MiB)
        _ = plan.evaluate(now: start, world: world)
        _ = plan.checked([1, 2], [.link(holds: true), .link(holds: true)], generation: plan.hashGeneration)
        #expect(plan.frontStep(at: 4 * MiB, chain.states[0]) == .follow(try link(1), to: 8 * MiB))
        #expect(plan.frontStep(at: 8 * MiB, chain.states[1]) == .follow(try link(2), to: 9 * MiB))
        #expect(plan.frontStep(at: 9 * MiB, nil) == .finish)
    }

    @Test("are hashed from the front where that comes from another state than the link begins with")
    func otherState() throws {
        var (plan, run) = try plan()
        bring(&plan, run, 9 * MiB)
        _ = plan.evaluate(now: start, world: world)
        _ = plan.checked([1], [.link(holds: true)], generation: plan.hashGeneration)
        #expect(plan.frontStep(at: 4 * MiB, .initial) == .hash(4 * MiB..<8 * MiB))
        // In the middle of a piece there is no link to follow.
        #expect(plan.frontStep(at: 5 * MiB, chain.states[0]) == .hash(5 * MiB..<8 * MiB))
    }

    @Test("count where another of the same look does not hold, and only that one is fetched again")
    func oneIsWrong() throws {
        var (plan, run) = try plan()
        bring(&plan, run, 9 * MiB)
        #expect(batches(plan.evaluate(now: start, world: world)) == [[0, 1, 2]])
        let actions = plan.checked(
            [0, 1, 2], [.link(holds: true), .link(holds: false), .link(holds: true)], generation: plan.hashGeneration)
        #expect(actions == [.blame(peer, convicted: false, piece: 1)])
        #expect(plan.kind(of: 0) == .checked && plan.kind(of: 1) == nil && plan.kind(of: 2) == .checked)
        #expect(plan.frontStep(at: 8 * MiB, chain.states[1]) == .wait, "nothing is hashed behind a hole")
        #expect(plan.front == 4 * MiB)
    }

    @Test("are never written by two at a time: what is on its way to the disk is left to who writes it")
    func writers() throws {
        var (plan, run) = try plan()
        guard case .write(let parts) = plan.willWrite(run, count: MiB) else {
            Issue.record("nothing is to be written")
            return
        }
        #expect(parts == [0..<MiB])
        let other = plan.nextRun
        plan.runs[other] = DownloadPlan.Run(
            source: .peer(NodeID.random()), position: 0, end: 4 * MiB, opened: true, startedAt: start,
            pieceBeganAt: start, lastByteAt: start)
        #expect(plan.willWrite(other, count: 3 * MiB) == .write([MiB..<3 * MiB]))
        _ = plan.wrote(run, parts, count: MiB, now: start)
        #expect(plan.front == MiB)
        plan.runEnded(other, .broke("it was cut off before it wrote"), now: start)
        #expect(plan.willWrite(run, count: 2 * MiB) == .write([MiB..<3 * MiB]))
    }
}
