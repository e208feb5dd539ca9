import Testing

@testable import Transfer

@Suite("Queues at a rate")
struct RateQueueTests {
    private let start = ContinuousClock.now
    private static let rate: Int64 = 1 << 20
    private static let burst: Int64 = 64 << 10

    @Test("Who finds nobody waiting and the bucket full passes at once")
    func empty() {
        var queue = RateQueue(rate: Self.rate, now: start)
        #expect(queue.enter(1, Self.burst, now: start) == .pass)
        #expect(queue.count == 0)
    }

    @Test("Who comes first is served first, however little the others want")
    func order() {
        var queue = RateQueue(rate: Self.rate, now: start)
        _ = queue.enter(1, Self.burst, now: start)
        let due = start + .milliseconds(62.5)
        #expect(queue.enter(2, Self.burst, now: start) == .look(at: due))
        #expect(queue.enter(3, 1, now: start) == .wait)
        #expect(queue.look(3, now: due) == .wait)
        #expect(queue.look(2, now: due - .nanoseconds(1)) == .look(at: due))
        #expect(queue.look(2, now: due) == .pass)
        #expect(queue.first == 3)
        #expect(queue.look(3, now: due + .milliseconds(1)) == .pass)
    }

    @Test("Who leaves costs the others nothing")
    func leaving() {
        var queue = RateQueue(rate: Self.rate, now: start)
        _ = queue.enter(1, Self.burst, now: start)
        let turn = queue.enter(2, Self.burst, now: start)
        _ = queue.enter(3, Self.burst, now: start)
        queue.leave(2)
        #expect(queue.look(3, now: start) == turn)
    }

    @Test("Without a limit everybody passes")
    func unlimited() {
        var queue = RateQueue(rate: nil, now: start)
        for id in 0..<10 as Range<UInt64> { #expect(queue.enter(id, .max, now: start) == .pass) }
    }

    @Test("Another rate counts for those who wait, too", arguments: [nil, 1 << 30] as [Int64?])
    func change(rate: Int64?) {
        var queue = RateQueue(rate: 1, now: start)
        _ = queue.enter(1, Self.burst, now: start)
        #expect(queue.enter(2, Self.burst, now: start) == .look(at: start + .seconds(Self.burst)))
        queue.change(rate: rate, now: start)
        #expect(queue.look(2, now: start) == .pass)
    }

    @Test("The same rate again gives no second burst")
    func same() {
        var queue = RateQueue(rate: Self.rate, now: start)
        _ = queue.enter(1, Self.burst, now: start)
        queue.change(rate: Self.rate, now: start)
        #expect(queue.enter(2, Self.burst, now: start) != .pass)
    }

    @Test("Transfers that take turns share evenly")
    func fair() {
        var queue = RateQueue(rate: Self.rate, now: start)
        let portion = TokenBucket.portion(at: Self.rate)
        var shares: [UInt64: Int64] = [:]
        var now = start
        _ = queue.enter(0, Self.burst, now: now)
        for id in 1...5 as ClosedRange<UInt64> { _ = queue.enter(id, portion, now: now) }
        for _ in 0..<500 {
            guard let first = queue.first else { break }
            switch queue.look(first, now: now) {
            case .pass:
                shares[first, default: 0] += portion
                _ = queue.enter(first, portion, now: now)
            case .look(let due): now = due
            case .wait: Issue.record("the first waits for nobody")
            }
        }
        #expect(shares.count == 5)
        #expect((shares.values.max() ?? 0) - (shares.values.min() ?? 0) <= 2 * portion)
    }
}
