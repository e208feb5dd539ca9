import OCI
import Testing

@testable import Content

@Suite("What to look at in containerd, and when")
struct LookScheduleTests {
    private let start = ContinuousClock.now
    private let digest = digestOf(bytes(1))
    private let name = RuntimeImageName(namespace: "default", name: "app:1")

    /// A schedule after its first look, which took no time.
    private func settled(isWatched: Bool = true) -> LookSchedule {
        var schedule = LookSchedule(at: start)
        schedule.isWatched = isWatched
        _ = schedule.take(at: start)
        schedule.looked(at: .init(isWhole: true), took: .zero, now: start) { _ in false }
        return schedule
    }

    private func at(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }

    @Test("The first look is at everything, at once")
    func first() {
        var schedule = LookSchedule(at: start)
        #expect(schedule.due == start)
        #expect(schedule.take(at: start) == .init(isWhole: true))
    }

    @Test(
        "Everything is looked at again from time to time, more often where nobody watches the files",
        arguments: [(true, 30_000), (false, 5_000)])
    func interval(isWatched: Bool, expected: Int) {
        var schedule = settled(isWatched: isWatched)
        #expect(schedule.due == at(expected))
        #expect(schedule.take(at: at(expected - 1)) == nil)
        #expect(schedule.take(at: at(expected)) == .init(isWhole: true))
    }

    @Test("What comes together is one look")
    func coalesced() {
        var schedule = settled()
        let other = RuntimeImageName(namespace: "default", name: "app:2")
        schedule.heard(.image(name), at: at(0))
        schedule.heard(.image(other), at: at(20))
        schedule.heard(.image(name), at: at(40))
        #expect(schedule.take(at: at(49)) == nil)
        #expect(schedule.take(at: at(50)) == .init(images: [name, other]))
        #expect(schedule.take(at: at(70)) == nil)
        #expect(schedule.due == at(30_000))
    }

    @Test("A blob that is not there yet is looked for again, less and less often, until patience ends")
    func awaited() {
        var schedule = settled()
        schedule.heard(.content(digest, isThere: true), at: at(0))
        var moments: [Int] = []
        while schedule.due < at(30_000) {
            let due = schedule.due
            moments.append(Int(start.duration(to: due) / .milliseconds(1)))
            guard let look = schedule.take(at: due) else { break }
            #expect(look == .init(contents: [digest]))
            schedule.looked(at: look, took: .zero, now: due) { _ in false }
        }
        #expect(moments == [50, 150, 350, 750, 1550, 2550, 3550, 4550])
    }

    @Test("A blob that is what it should be is looked for no more", arguments: [true, false])
    func found(isThere: Bool) {
        var schedule = settled()
        schedule.expect(digest, isThere: isThere, at: at(0))
        let look = LookSchedule.Look(contents: [digest])
        #expect(schedule.take(at: at(50)) == look)
        schedule.looked(at: look, took: .zero, now: at(60)) { _ in isThere }
        #expect(schedule.due == at(30_000))
    }

    @Test("Garbage that is not collected is looked for at least every second, for half a minute")
    func garbage() {
        var schedule = settled()
        schedule.expect(digest, isThere: false, at: at(0))
        var last = at(0)
        while schedule.due < at(29_900), let look = schedule.take(at: schedule.due) {
            let now = schedule.due > last ? schedule.due : last
            #expect(last.duration(to: now) <= .seconds(1))
            schedule.looked(at: look, took: .zero, now: now) { _ in true }
            last = now
            if schedule.due <= now { break }
        }
        #expect(last > at(25_000))
    }

    @Test("Many single looks are one at everything", arguments: [true, false])
    func many(areImages: Bool) {
        var schedule = settled()
        for number in 0..<300 {
            schedule.heard(
                areImages
                    ? .image(RuntimeImageName(namespace: "default", name: "app:\(number)"))
                    : .content(digestOf(bytes(number)), isThere: true), at: at(0))
        }
        #expect(schedule.take(at: at(50)) == .init(isWhole: true))
    }

    @Test("A look at everything that took long is not begun again at once, whatever happens")
    func resting() {
        var schedule = settled()
        schedule.lostTrack(at: at(0))
        #expect(schedule.take(at: at(50)) == .init(isWhole: true))
        schedule.looked(at: .init(isWhole: true), took: .seconds(2), now: at(2050)) { _ in false }
        schedule.heard(.namespaces, at: at(2100))
        #expect(schedule.due == at(2050 + 8000))
        for number in 0..<300 { schedule.heard(.content(digestOf(bytes(number)), isThere: true), at: at(2100)) }
        #expect(schedule.take(at: at(2150)) == nil)
        #expect(schedule.take(at: at(2050 + 8000)) == .init(isWhole: true))
    }

    @Test("What is told while it is looked is looked at once more")
    func meanwhile() {
        var schedule = settled()
        schedule.heard(.content(digest, isThere: true), at: at(0))
        let look = schedule.take(at: at(50))
        schedule.heard(.image(name), at: at(55))
        schedule.expect(digest, isThere: false, at: at(55))
        schedule.looked(at: look ?? .init(), took: .milliseconds(10), now: at(60)) { _ in true }
        #expect(schedule.take(at: at(105))?.images == [name])
    }

    @Test("However many blobs are told of, few are kept in mind")
    func bounded() {
        var schedule = settled()
        for number in 0..<5000 { schedule.heard(.content(digestOf(Array("\(number)".utf8)), isThere: true), at: at(0)) }
        #expect(schedule.take(at: at(50)) == .init(isWhole: true))
    }
}
