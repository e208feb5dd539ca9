import Discovery
import Integrity
import Testing

@testable import Transfer

@Suite("A download whose peer is slower than upstream")
struct SlowPeerTests {
    private static let MiB: Int64 = 1 << 20
    private let start = ContinuousClock.now
    private let peer = NodeID.random()

    private func bring(_ plan: inout DownloadPlan, _ run: Int, _ count: Int64, at now: ContinuousClock.Instant) {
        if case .write(let parts) = plan.willWrite(run, count: count) {
            _ = plan.wrote(run, parts, count: count, now: now)
        }
    }

    private func sources(_ actions: [DownloadPlan.Action]) -> [DownloadPlan.Source] {
        actions.compactMap { if case .start(_, let source, _) = $0 { source } else { nil } }
    }

    @Test("leaves it for upstream, and comes back to it when upstream becomes unreachable", arguments: [false, true])
    func comesBack(isUpstreamRefused: Bool) throws {
        var plan = DownloadPlan(ContentHasher.digest(of: [1]), own: .random(), size: nil)
        plan.addReader(0, .toEnd(from: 0), now: start)
        let both = DownloadPlan.World(holders: [peer], upstreamUsable: true)
        _ = plan.evaluate(now: start, world: both)
        _ = plan.runOpened(0, offset: 0, total: 100 * Self.MiB, rangeIgnored: false, now: start)
        bring(&plan, 0, 4 * Self.MiB, at: start)
        _ = plan.read(0, at: 0, now: start)

        // Upstream takes over, and comes to where the peer is.
        let late = start.advanced(by: .seconds(20))
        _ = plan.evaluate(now: late, world: both)
        let upstream = try #require(plan.runs.first { $0.value.source == .upstream && $0.value.position == 0 }?.key)
        _ = plan.runOpened(upstream, offset: 0, total: 100 * Self.MiB, rangeIgnored: false, now: late)
        bring(&plan, upstream, 4 * Self.MiB, at: late)
        #expect(plan.read(0, at: 4 * Self.MiB, now: late) == .wait)
        let left = plan.evaluate(now: late, world: both)
        #expect(left.contains(.cancel(0)))
        plan.runEnded(0, .finished, now: late)
        #expect(!sources(plan.evaluate(now: late, world: both)).contains(.peer(peer)))

        for run in plan.runs.keys.sorted() {
            plan.runEnded(run, isUpstreamRefused ? .refused("no more") : .broke("the connection broke"), now: late)
        }
        let world = DownloadPlan.World(holders: [peer], upstreamUsable: isUpstreamRefused)
        var asked: [DownloadPlan.Source] = []
        for second in 0..<15 {
            asked += sources(plan.evaluate(now: late + .seconds(second), world: world))
        }
        #expect(asked.contains(.peer(peer)))
        #expect(plan.phase == .fetching)
    }
}
