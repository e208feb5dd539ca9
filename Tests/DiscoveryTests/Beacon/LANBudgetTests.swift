import Testing

@testable import Discovery

@Suite struct LANBudgetTests {
    @Test(
        "Hellos become rarer as the LAN grows, so that all together are 100 a second, and a minute is the longest",
        arguments: [(1, 1, 5.0), (500, 1, 5), (1000, 1, 10), (1000, 2, 20), (2000, 2, 40), (100_000, 1, 60)])
    func interval(nodes: Int, datagrams: Int, seconds: Double) {
        #expect(LANBudget(nodes: nodes, datagrams: datagrams).interval(.seconds(5)) == .seconds(seconds))
    }

    @Test("what is heard counts for about a second")
    func meter() {
        var meter = TrafficMeter()
        for _ in 0..<100 { meter.add(1, now: Samples.at(0)) }
        #expect(meter.rate(now: Samples.at(0)) == 100)
        #expect((30..<45).contains(meter.rate(now: Samples.at(1))))
        #expect(meter.rate(now: Samples.at(10)) < 1)
    }
}
