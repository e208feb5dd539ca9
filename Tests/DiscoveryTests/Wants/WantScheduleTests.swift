import OCI
import Testing

@testable import Discovery

@Suite struct WantScheduleTests {
    /// Says what is due until then; returns when, and which blobs.
    private func run(
        _ schedule: inout WantSchedule, until end: Double, isBusy: Bool = false
    ) -> [(at: Double, wants: [Beacon.Want])] {
        var said: [(Double, [Beacon.Want])] = []
        while let due = schedule.due, due <= Samples.at(end) {
            let wants = schedule.say(at: due, isBusy: isBusy, random: 0.5)
            if !wants.isEmpty { said.append(((due - Samples.start).inSeconds, wants)) }
        }
        return said
    }

    private func begin(_ schedule: inout WantSchedule, _ numbers: Int..., at seconds: Double) {
        for number in numbers {
            schedule.begin(Samples.digest(number), size: nil, at: Samples.at(seconds), random: 0.5)
        }
    }

    private func isClose(_ moments: [Double], _ expected: [Double]) -> Bool {
        moments.count == expected.count && zip(moments, expected).allSatisfy { abs($0 - $1) < 0.000_001 }
    }

    @Test("what begins is said 5 ms later, 300 ms after that, and then every five seconds")
    func times() {
        var schedule = WantSchedule()
        begin(&schedule, 1, at: 0)
        #expect(isClose(run(&schedule, until: 12).map(\.at), [0.005, 0.305, 5, 10]))
    }

    @Test("what begins and ends within five milliseconds is one message")
    func together() {
        var schedule = WantSchedule()
        begin(&schedule, 1, at: 0)
        _ = run(&schedule, until: 1)
        begin(&schedule, 2, at: 1)
        begin(&schedule, 3, at: 1.004)
        schedule.end(Samples.digest(1), at: Samples.at(1.004), random: 0.5)
        let said = run(&schedule, until: 1.2)
        #expect(isClose(said.map(\.at), [1.005]))
        #expect(
            Set(said.flatMap(\.wants).flatMap(\.blobs).map(\.digest)) == Set((1...3).map(Samples.digest)))
    }

    @Test("what was said as news goes along in the rounds only")
    func newsOnly() {
        var schedule = WantSchedule()
        begin(&schedule, 1, at: 0)
        _ = run(&schedule, until: 1)
        begin(&schedule, 2, at: 1)
        let said = run(&schedule, until: 5.1).map { $0.wants.flatMap(\.blobs).count }
        #expect(said == [1, 1, 2])
    }

    @Test("an end is said twice, and then nothing any more")
    func end() {
        var schedule = WantSchedule()
        begin(&schedule, 1, at: 0)
        _ = run(&schedule, until: 1)
        schedule.end(Samples.digest(1), at: Samples.at(1), random: 0.5)
        #expect(!schedule.wants(Samples.digest(1)))
        let said = run(&schedule, until: 60)
        #expect(isClose(said.map(\.at), [1.005, 1.305]))
        #expect(said.flatMap(\.wants).flatMap(\.blobs) == Array(repeating: Samples.wanted(1, isEnded: true), count: 2))
        #expect(schedule.due == nil)
    }

    @Test("what ends before it was said is not spoken of")
    func unsaid() {
        var schedule = WantSchedule()
        begin(&schedule, 1, at: 0)
        schedule.end(Samples.digest(1), at: Samples.at(0.001), random: 0.5)
        #expect(schedule.due == nil)
    }

    @Test("what begins again after its end is news")
    func again() {
        var schedule = WantSchedule()
        begin(&schedule, 1, at: 0)
        _ = run(&schedule, until: 0.1)
        schedule.end(Samples.digest(1), at: Samples.at(0.1), random: 0.5)
        begin(&schedule, 1, at: 0.101)
        let said = run(&schedule, until: 1).flatMap(\.wants).flatMap(\.blobs)
        #expect(said == [Samples.wanted(1), Samples.wanted(1)])
    }

    @Test("a size that becomes known goes out with what is said next, and a beginning twice is one")
    func size() {
        var schedule = WantSchedule()
        begin(&schedule, 1, at: 0)
        _ = run(&schedule, until: 0.1)
        schedule.begin(Samples.digest(1), size: 7, at: Samples.at(0.1), random: 0.5)
        begin(&schedule, 1, at: 0.1)
        #expect(run(&schedule, until: 1).flatMap(\.wants).flatMap(\.blobs) == [Samples.wanted(1, size: 7)])
    }

    @Test("a stranger is told of everything within a second, and many strangers at once")
    func strangers() {
        var schedule = WantSchedule()
        begin(&schedule, 1, at: 0)
        _ = run(&schedule, until: 1)
        schedule.strangerHeard(at: Samples.at(1), random: 0.99)
        schedule.strangerHeard(at: Samples.at(1.1), random: 0)
        let said = run(&schedule, until: 4).map(\.at)
        #expect(said.count == 1 && said[0] >= 1.3 && said[0] < 2)
    }

    @Test("a stranger is told nothing where there is nothing")
    func nothing() {
        var schedule = WantSchedule()
        schedule.strangerHeard(at: Samples.at(1), random: 0.5)
        #expect(schedule.due == nil)
    }

    @Test("on a busy LAN news waits, and is said by the clock at the latest")
    func busy() {
        var schedule = WantSchedule()
        begin(&schedule, 1, at: 0)
        #expect(isClose(run(&schedule, until: 6, isBusy: true).map(\.at), [5]))
    }

    // MARK: Bounds

    @Test("all of it fits into datagrams, whatever the digests, with a key and the highest numbers", arguments: [7, 0])
    func fits(everyLong: Int) throws {
        var schedule = WantSchedule()
        for number in 0..<500 {
            let isLong = everyLong == 0 || number % everyLong == 0
            schedule.begin(
                Samples.plainDigest(number, algorithm: isLong ? .sha512 : .sha256), size: 1 << 50, at: Samples.at(0),
                random: 0.5)
        }
        let wants = run(&schedule, until: 0.1).flatMap(\.wants)
        #expect(wants.flatMap(\.blobs).count == WantSchedule.limit)
        let codec = BeaconCodec(key: try Samples.key())
        for want in wants {
            let beacon = Beacon(node: Samples.node(1), epoch: .max, sequence: .max, payload: .want(want))
            let bytes = try #require(codec.encode(beacon))
            #expect(try codec.decode(bytes) == beacon)
        }
    }

    @Test("ends that nobody takes are bounded")
    func ends() {
        var schedule = WantSchedule()
        for number in 0..<5000 {
            let digest = Samples.plainDigest(number)
            schedule.begin(digest, size: nil, at: Samples.at(0), random: 0.5)
            if number % 100 == 0 { _ = schedule.say(at: Samples.at(0.005), isBusy: false, random: 0.5) }
            schedule.end(digest, at: Samples.at(0.005), random: 0.5)
        }
        #expect(run(&schedule, until: 1).flatMap(\.wants).flatMap(\.blobs).count < 4 * WantSchedule.limit)
        #expect(schedule.due == nil)
    }

    @Test("a thousand nodes that all want twenty blobs at once stay within the LAN's budget, and all get a hearing")
    func thousand() {
        var generator = SplitMix(state: 9)
        func random() -> Double { Double.random(in: 0..<1, using: &generator) }
        var schedules = Array(repeating: WantSchedule(), count: 1000)
        let budget = LANBudget(nodes: 1000, datagrams: 1)
        let limit = budget.urgent(.seconds(5))
        // Everybody hears everybody, so one meter is all of theirs.
        var meter = TrafficMeter()
        var perSecond: [Int: Int] = [:]
        var heard: Set<Int> = []
        var heardInFirstSecond = 0
        func count(at second: Int, now: ContinuousClock.Instant) {
            perSecond[second, default: 0] += 1
            meter.add(1, now: now)
        }
        // Hellos, as a thousand nodes say them.
        for step in 0..<500 { meter.add(1, now: Samples.at(Double(step) / 100 - 5)) }
        for index in schedules.indices {
            schedules[index].budget = budget
            let now = Samples.at(random() * 0.005)
            for number in 0..<20 {
                schedules[index].begin(Samples.plainDigest(number), size: 1, at: now, random: random())
            }
        }
        // The first second in steps of 5 ms, the others in steps of 50 ms.
        let steps = stride(from: 0, to: 1000, by: 5).map { $0 } + stride(from: 1000, to: 30_000, by: 50).map { $0 }
        for millisecond in steps {
            let seconds = Double(millisecond) / 1000
            let now = Samples.at(seconds)
            for _ in 0..<(millisecond >= 1000 ? 5 : (millisecond / 5) % 2) { count(at: Int(seconds), now: now) }
            // Later the blobs come to an end, one after another and everywhere else.
            if seconds > 15 {
                for _ in 0..<25 {
                    let index = Int.random(in: 0..<1000, using: &generator)
                    let digest = Samples.plainDigest(Int.random(in: 0..<20, using: &generator))
                    schedules[index].end(digest, at: now, random: random())
                }
            }
            for index in schedules.indices {
                guard let due = schedules[index].due, due <= now else { continue }
                let isBusy = meter.rate(now: now) > limit
                for _ in schedules[index].say(at: now, isBusy: isBusy, random: random()) {
                    heard.insert(index)
                    count(at: Int(seconds), now: now)
                }
            }
            if millisecond == 1000 { heardInFirstSecond = heard.count }
        }
        #expect(perSecond.values.allSatisfy { $0 <= Int(LANBudget.total) }, "\(perSecond.sorted { $0.key < $1.key })")
        #expect(heardInFirstSecond >= 50)
        #expect(heard.count == 1000)
    }
}
