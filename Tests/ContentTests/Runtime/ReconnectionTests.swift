import Testing

@testable import Content

@Suite("When to look for containerd again")
struct ReconnectionTests {
    private let start = ContinuousClock.now

    @Test("Twice as long each time, up to ten seconds, for ever")
    func backoff() {
        var reconnection = Reconnection()
        let delays = (0..<9).map { _ in reconnection.ended(didFollow: false, at: start).delay }
        #expect(delays == [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000].map { .milliseconds($0) })
    }

    @Test("What was held is offered for half a minute, and then not")
    func grace() {
        var reconnection = Reconnection()
        var now = start
        var step = reconnection.ended(didFollow: true, at: now)
        #expect(step == .init(delay: .milliseconds(100), forgets: false))
        while !step.forgets {
            now += step.delay
            step = reconnection.ended(didFollow: false, at: now)
        }
        #expect(start.duration(to: now) == .seconds(30))
        #expect(!reconnection.ended(didFollow: false, at: now + .seconds(60)).forgets)
    }

    @Test("Who was followed is looked for quickly when it goes")
    func again() {
        var reconnection = Reconnection()
        for _ in 0..<9 { _ = reconnection.ended(didFollow: false, at: start) }
        #expect(!reconnection.hasFollowed)
        #expect(reconnection.ended(didFollow: true, at: start).delay == .milliseconds(100))
        #expect(reconnection.hasFollowed)
    }
}
