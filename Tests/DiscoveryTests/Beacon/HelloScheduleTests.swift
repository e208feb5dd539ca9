import Testing

@testable import Discovery

@Suite struct HelloScheduleTests {
    private let start = Samples.start

    /// Lets every Hello go out when it is due.
    private func sendings(_ schedule: inout HelloSchedule, count: Int, random: Double = 0.5) -> [Duration] {
        (0..<count).map { _ in
            let due = schedule.due
            schedule.sent(at: due, random: random)
            return due - start
        }
    }

    @Test("the first Hellos go out at once, after 0.3 s and after 1 s, then every 5 s")
    func opening() {
        var schedule = HelloSchedule(start: start)
        #expect(
            sendings(&schedule, count: 5) == [
                .zero, .milliseconds(300), .seconds(1), .seconds(6), .seconds(11),
            ])
    }

    @Test("on a busy LAN the first Hello goes out, and those that only repeat it wait")
    func busyOpening() {
        var schedule = HelloSchedule(start: start)
        #expect(schedule.isRegular(at: start))
        schedule.sent(at: start, random: 0.5)
        #expect(!schedule.isRegular(at: start + .milliseconds(300)))
        schedule.postpone(until: start + .seconds(2))
        #expect(schedule.due == start + .seconds(2))
        schedule.sent(at: schedule.due, random: 0.5)
        #expect(schedule.due == start + .seconds(7))
    }

    @Test("intervals differ by a fifth either way", arguments: [(0.0, 4.0), (0.5, 5.0), (1.0, 6.0)])
    func jitter(random: Double, seconds: Double) {
        var schedule = HelloSchedule(timing: .init(opening: [.zero]), start: start)
        schedule.sent(at: start, random: random)
        #expect(abs((schedule.due - start).inSeconds - seconds) < 1e-6)
    }

    @Test("changes within 50 ms go out in one Hello")
    func coalescing() {
        var schedule = HelloSchedule(timing: .init(opening: [.zero]), start: start)
        schedule.sent(at: start, random: 0.5)
        schedule.inventoryChanged(at: start + .seconds(1))
        schedule.inventoryChanged(at: start + .milliseconds(1040))
        #expect(schedule.due == start + .milliseconds(1050))
    }

    @Test("a second change waits until 200 ms after the first one's Hello")
    func changeSpacing() {
        var schedule = HelloSchedule(timing: .init(opening: [.zero]), start: start)
        schedule.sent(at: start, random: 0.5)
        schedule.inventoryChanged(at: start + .seconds(1))
        schedule.sent(at: start + .milliseconds(1050), random: 0.5)
        schedule.inventoryChanged(at: start + .milliseconds(1060))
        #expect(schedule.due == start + .milliseconds(1250))
    }

    @Test("a stranger is welcomed after 20 to 200 ms", arguments: [(0.0, 20), (1.0, 200)])
    func welcome(random: Double, milliseconds: Int) {
        var schedule = HelloSchedule(timing: .init(opening: [.zero]), start: start)
        schedule.sent(at: start, random: 0.5)
        schedule.strangerHeard(at: start + .seconds(1), random: random)
        #expect(schedule.due == start + .seconds(1) + .milliseconds(milliseconds))
    }

    @Test("many strangers cause one welcome a second, and none is left out")
    func welcomeSpacing() {
        var schedule = HelloSchedule(timing: .init(opening: [.zero]), start: start)
        schedule.sent(at: start, random: 0.5)
        schedule.strangerHeard(at: start + .seconds(1), random: 0)
        schedule.sent(at: schedule.due, random: 0.5)
        #expect(schedule.due == start + .milliseconds(1320), "it may have been lost")
        schedule.sent(at: schedule.due, random: 0.5)
        schedule.strangerHeard(at: start + .milliseconds(1500), random: 0)
        #expect(schedule.due == start + .milliseconds(2040))
        schedule.strangerHeard(at: start + .milliseconds(1600), random: 0)
        #expect(schedule.due == start + .milliseconds(2040))
        schedule.sent(at: schedule.due, random: 0.5)
        schedule.sent(at: schedule.due, random: 0.5)
        #expect(schedule.due == start + .milliseconds(7340))
    }

    @Test("a Hello that announces a change is said once more 300 ms later")
    func repetition() {
        var schedule = HelloSchedule(timing: .init(opening: [.zero]), start: start)
        schedule.sent(at: start, random: 0.5)
        schedule.inventoryChanged(at: start + .seconds(1))
        schedule.sent(at: schedule.due, random: 0.5)
        #expect(schedule.due == start + .milliseconds(1350))
        schedule.sent(at: schedule.due, random: 0.5)
        #expect(schedule.due == start + .milliseconds(6350))
    }
}
