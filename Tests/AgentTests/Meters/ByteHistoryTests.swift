import Testing

@testable import Agent

@Suite struct ByteHistoryTests {
    private let start = ContinuousClock.now

    private func total(_ peers: Int64) -> ByteCounts {
        ByteCounts(store: 0, peers: peers, upstream: 2 * peers, servedToPeers: 0)
    }

    @Test("what comes belongs to the step that is under way, and steps of nothing are kept")
    func steps() {
        var history = ByteHistory(from: start)
        history.note(total(5), at: start + .seconds(1))
        history.note(total(7), at: start + .milliseconds(9_999))
        history.note(total(8), at: start + .seconds(10))
        history.note(total(20), at: start + .seconds(35))
        #expect(history.steps.map(\.peers) == [7, 1, 0, 12])
        #expect(history.steps.map(\.upstream) == [14, 2, 0, 24])
    }

    @Test("an hour is kept, and no more")
    func bounded() {
        var history = ByteHistory(from: start)
        for step in 0..<1000 { history.note(total(Int64(step)), at: start + .seconds(10 * step)) }
        #expect(history.steps.count == ByteHistory.limit)
        #expect(history.steps.map(\.peers).allSatisfy { $0 == 1 })
    }

    @Test("a machine that slept for days has an hour of nothing, and goes on")
    func slept() {
        var history = ByteHistory(from: start)
        history.note(total(5), at: start + .seconds(1))
        history.note(total(9), at: start + .seconds(500_000))
        #expect(history.steps.count == ByteHistory.limit)
        #expect(history.steps.dropLast().allSatisfy { $0 == .zero })
        #expect(history.steps.last?.peers == 4)
    }

    @Test("its answer has as many numbers for each source, and says how long a step is")
    func snapshot() {
        var history = ByteHistory(from: start)
        history.note(ByteCounts(store: 1, peers: 2, upstream: 3, servedToPeers: 4), at: start + .seconds(10))
        let snapshot = HistorySnapshot(history, end: UTCTime(seconds: 0, milliseconds: 0))
        #expect(snapshot.step == 10)
        #expect(snapshot.end == "1970-01-01T00:00:00.000Z")
        #expect(
            [snapshot.store, snapshot.peers, snapshot.upstream, snapshot.served] == [
                [0, 1], [0, 2], [0, 3], [0, 4],
            ])
    }
}
