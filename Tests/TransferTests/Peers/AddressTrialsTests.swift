import Discovery
import Testing

@testable import Transfer

@Suite struct AddressTrialsTests {
    private static let began = ContinuousClock.now
    private let addresses = (1...4).map { PeerAddress(host: "10.0.0.\($0)", port: 5051) }

    /// How many addresses are tried, and how long it takes in all, where each takes so many milliseconds.
    private func tried(each milliseconds: Int) -> (count: Int, total: Duration) {
        var now = Self.began
        var trials = AddressTrials(addresses, began: now)
        var count = 0
        while trials.next(at: now) != nil {
            count += 1
            now += .milliseconds(milliseconds)
        }
        return (count, now - Self.began)
    }

    @Test(
        "a dead peer is left after 300 ms in all, however many addresses it has",
        arguments: [(0, 4), (10, 4), (50, 4), (80, 3), (150, 2), (160, 2), (171, 1), (300, 1)])
    func budget(each milliseconds: Int, count: Int) {
        let (tried, total) = tried(each: milliseconds)
        #expect(tried == count)
        // The last one may take as long as a connection may.
        let last = Duration.milliseconds(milliseconds) - AddressTrials.connection
        #expect(total <= AddressTrials.budget + AddressTrials.lateness + max(.zero, last))
    }

    @Test("they are tried in their order")
    func order() {
        var trials = AddressTrials(addresses, began: Self.began)
        #expect((0..<5).map { _ in trials.next(at: Self.began) } == addresses + [nil])
    }
}
