import OCI
import Testing

@testable import Transfer

struct ReachabilityTests {
    private let start = ContinuousClock.now
    private let registry = RegistryName.dockerHub

    private func at(_ seconds: Int) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    @Test("A registry that nobody tried is asked")
    func unknown() {
        var reachability = Reachability()
        let first = reachability.admit(registry, now: start)
        #expect(first)
        #expect(!reachability.isKnownUnreachable(registry, now: start))
    }

    @Test("A registry that could not be reached rests for 30 s")
    func rest() {
        var reachability = Reachability()
        reachability.failed(registry, now: start)
        #expect(reachability.isKnownUnreachable(registry, now: at(29)))
        let first = reachability.admit(registry, now: at(29))
        #expect(!first)
        #expect(!reachability.isKnownUnreachable(registry, now: at(30)))
    }

    @Test("After the rest one probe goes out, and the others wait for what becomes of it")
    func probe() {
        var reachability = Reachability()
        reachability.failed(registry, now: start)
        let first = reachability.admit(registry, now: at(31))
        #expect(first)
        let second = reachability.admit(registry, now: at(31))
        #expect(!second)
        #expect(reachability.isKnownUnreachable(registry, now: at(32)))
        reachability.failed(registry, now: at(33))
        let third = reachability.admit(registry, now: at(60))
        #expect(!third)
        let fourth = reachability.admit(registry, now: at(63))
        #expect(fourth)
    }

    @Test("A probe that succeeds lets everybody through")
    func success() {
        var reachability = Reachability()
        reachability.failed(registry, now: start)
        let first = reachability.admit(registry, now: at(31))
        #expect(first)
        reachability.answered(registry, now: at(32))
        let second = reachability.admit(registry, now: at(32))
        #expect(second)
        let third = reachability.admit(registry, now: at(32))
        #expect(third)
    }

    @Test("A probe that was cancelled makes room for the next one")
    func cancelledProbe() {
        var reachability = Reachability()
        reachability.failed(registry, now: start)
        let first = reachability.admit(registry, now: at(31))
        #expect(first)
        reachability.gaveUp(registry)
        let second = reachability.admit(registry, now: at(31))
        #expect(second)
    }

    @Test("A probe that was lost does not shut the registry out for ever")
    func lostProbe() {
        var reachability = Reachability()
        reachability.failed(registry, now: start)
        let first = reachability.admit(registry, now: at(31))
        #expect(first)
        let second = reachability.admit(registry, now: at(90))
        #expect(!second)
        let third = reachability.admit(registry, now: at(91))
        #expect(third)
    }

    @Test("One late answer of a registry that answered lately is slowness, two are an outage")
    func lateness() {
        var reachability = Reachability()
        reachability.answered(registry, now: start)
        reachability.wasLate(registry, now: at(10))
        #expect(!reachability.isKnownUnreachable(registry, now: at(10)))
        reachability.wasLate(registry, now: at(12))
        #expect(reachability.isKnownUnreachable(registry, now: at(12)))
    }

    @Test("A late answer of a registry that has not answered for a minute is an outage")
    func lateStranger() {
        var reachability = Reachability()
        reachability.wasLate(registry, now: start)
        #expect(reachability.isKnownUnreachable(registry, now: start))
        reachability.answered(registry, now: start)
        reachability.wasLate(registry, now: at(60))
        #expect(reachability.isKnownUnreachable(registry, now: at(60)))
    }

    @Test(
        "Late answers beside a body that has just brought bytes are slowness, however many", arguments: [true, false])
    func latenessBesideBody(isFromAsked: Bool) {
        var reachability = Reachability()
        reachability.answered(registry, now: start)
        reachability.heard(registry, isFromAsked: isFromAsked, now: at(100))
        for second in 101..<105 { reachability.wasLate(registry, now: at(second)) }
        #expect(!reachability.isKnownUnreachable(registry, now: at(105)))
        reachability.answered(registry, now: at(106))
        for second in 107..<110 { reachability.wasLate(registry, now: at(second)) }
        #expect(!reachability.isKnownUnreachable(registry, now: at(110)))
        reachability.wasLate(registry, now: at(171))
        reachability.wasLate(registry, now: at(172))
        #expect(reachability.isKnownUnreachable(registry, now: at(172)))
    }

    @Test("A connection that is refused is an outage, whatever body brings bytes")
    func refusalBesideBody() {
        var reachability = Reachability()
        reachability.heard(registry, isFromAsked: true, now: start)
        reachability.failed(registry, now: at(1))
        #expect(reachability.isKnownUnreachable(registry, now: at(1)))
    }

    @Test("Bytes of a registry end its outage, those of another host do not")
    func bytesInOutage() {
        var reachability = Reachability()
        reachability.failed(registry, now: start)
        reachability.heard(registry, isFromAsked: false, now: at(1))
        #expect(reachability.isKnownUnreachable(registry, now: at(1)))
        reachability.heard(registry, isFromAsked: true, now: at(2))
        #expect(!reachability.isKnownUnreachable(registry, now: at(2)))
    }

    @Test("One registry's outage is no other's")
    func others() throws {
        var reachability = Reachability()
        reachability.failed(registry, now: start)
        let first = reachability.admit(try RegistryName("ghcr.io"), now: start)
        #expect(first)
    }

    @Test("What is remembered is bounded")
    func bounded() throws {
        var reachability = Reachability()
        for number in 0..<(Reachability.limit * 2) {
            reachability.failed(try RegistryName("r\(number).test"), now: start)
        }
        #expect(!reachability.isKnownUnreachable(try RegistryName("r0.test"), now: start))
        #expect(reachability.isKnownUnreachable(try RegistryName("r\(Reachability.limit * 2 - 1).test"), now: start))
    }
}
