import Discovery
import SystemPackage
import Testing

@testable import Agent

@Suite struct DayCountersTests {
    private let start = ContinuousClock.now
    private let some = ByteCounts(store: 1, peers: 2, upstream: 3, servedToPeers: 4)

    @Test("a day's bytes are added up, and the next one begins at zero")
    func midnight() {
        var counters = DayCounters(day: "2026-11-22")
        counters.add(some, on: "2026-11-22", now: start)
        counters.add(some, on: "2026-11-22", now: start)
        #expect(counters.bytes == some + some)
        counters.add(some, on: "2026-11-23", now: start)
        #expect(counters == DayCounters(day: "2026-11-23", bytes: some))
    }

    @Test("a clock that goes back, or is not set at the start, loses nothing")
    func behind() {
        var counters = DayCounters(day: "2026-11-22", bytes: some)
        counters.add(some, on: "1970-01-01", now: start)
        counters.add(some, on: "1970-01-01", now: start + .seconds(3600))
        #expect(counters.day == "2026-11-22")
        counters.add(some, on: "2026-11-22", now: start + .seconds(7200))
        #expect(counters.bytes == some + some + some + some)
    }

    @Test("a clock that was wrong in the future is believed again after a day")
    func ahead() {
        var counters = DayCounters(day: "2099-01-01", bytes: some)
        counters.add(some, on: "2026-11-22", now: start)
        counters.add(.zero, on: "2026-11-22", now: start + DayCounters.patience - .seconds(1))
        #expect(counters.day == "2099-01-01")
        counters.add(some, on: "2026-11-22", now: start + DayCounters.patience)
        #expect(counters == DayCounters(day: "2026-11-22", bytes: some))
    }

    @Test("being behind is counted anew each time")
    func again() {
        var counters = DayCounters(day: "2026-11-22")
        counters.add(.zero, on: "2026-11-21", now: start)
        counters.add(.zero, on: "2026-11-22", now: start + .seconds(10))
        counters.add(.zero, on: "2026-11-21", now: start + DayCounters.patience)
        #expect(counters.day == "2026-11-22")
    }

    @Test("the file is read as it was written, and one that is not there is no error")
    func durable() throws {
        let folder = try TemporaryFolder()
        let file = DayFile(path: folder.path.appending("today.json"))
        #expect(try file.read() == nil)
        try file.write(DayCounters(day: "2026-11-22", bytes: some))
        #expect(try file.read() == DayCounters(day: "2026-11-22", bytes: some))
    }

    @Test(
        "a file that cannot be is refused",
        arguments: [
            "", "{", "[]", "{}", #"{"schema":1,"day":"2026-11-22"}"#,
            #"{"schema":1,"day":"someday...","bytes":{"store":1,"peers":1,"upstream":1,"served_to_peers":1}}"#,
            #"{"schema":1,"day":"2026-11-22","bytes":{"store":-1,"peers":1,"upstream":1,"served_to_peers":1}}"#,
            #"{"schema":1,"day":"2026-11-22","bytes":{"store":9223372036854775807,"peers":1,"upstream":1,"served_to_peers":1}}"#,
        ])
    func damaged(text: String) throws {
        #expect(throws: (any Error).self) { try DayFile.counters(Array(text.utf8)) }
    }

    @Test("the order of days is that of their texts")
    func days() {
        #expect(LocalDay.isDay(LocalDay.now))
        #expect(LocalDay.text(of: 0) < LocalDay.text(of: 200_000))
        #expect(!LocalDay.isDay("2026-1-22 "))
    }
}
