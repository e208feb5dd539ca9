import Testing

@testable import Discovery

struct MDNSPublicationTests {
    static let one = ["version=1"].map { Array($0.utf8) }
    static let two = ["version=2"].map { Array($0.utf8) }
    static let three = ["version=3"].map { Array($0.utf8) }

    static func announcement(_ name: String = "node", _ strings: [[UInt8]] = one) -> MDNSAnnouncement {
        MDNSAnnouncement(name: name, port: 5051, strings: strings)
    }

    /// Published on interface 2, and established.
    static func established() -> MDNSPublication {
        var publication = MDNSPublication(name: "node")
        publication.daemon(isRunning: true)
        _ = publication.plan(port: 5051, strings: one, interfaces: [2], now: Samples.at(0))
        publication.established(on: 2)
        return publication
    }

    @Test("nothing is published before the daemon has a host name, and everything after")
    func waiting() {
        var publication = MDNSPublication(name: "node")
        #expect(publication.plan(port: 5051, strings: Self.one, interfaces: [2, 3], now: Samples.at(0)) == [])
        publication.daemon(isRunning: true)
        #expect(
            publication.plan(port: 5051, strings: Self.one, interfaces: [2, 3], now: Samples.at(0)) == [
                .publish(interface: 2, Self.announcement()), .publish(interface: 3, Self.announcement()),
            ])
        #expect(publication.plan(port: 5051, strings: Self.one, interfaces: [2, 3], now: Samples.at(1)) == [])
        #expect(!publication.isEstablished)
        publication.established(on: 2)
        #expect(publication.isEstablished)
    }

    @Test("interfaces that come and go are published on and withdrawn from, and the others left alone")
    func interfaces() {
        var publication = Self.established()
        #expect(
            publication.plan(port: 5051, strings: Self.one, interfaces: [2, 4], now: Samples.at(1))
                == [.publish(interface: 4, Self.announcement())])
        #expect(
            publication.plan(port: 5051, strings: Self.one, interfaces: [4], now: Samples.at(2))
                == [.withdraw(interface: 2)])
    }

    @Test("changes that come together go out as one, and the next ones no sooner than a second and a half later")
    func throttling() {
        var publication = Self.established()
        func plan(_ strings: [[UInt8]], _ seconds: Double) -> [MDNSCommand] {
            publication.plan(port: 5051, strings: strings, interfaces: [2], now: Samples.at(seconds))
        }
        #expect(plan(Self.two, 5) == [])
        #expect(publication.due(now: Samples.at(5)) == Samples.at(5) + MDNSPublication.coalescing)
        #expect(plan(Self.three, 5.05) == [])
        #expect(plan(Self.three, 5.5) == [.update(interface: 2, Self.announcement("node", Self.three))])
        #expect(plan(Self.two, 6) == [])
        #expect(publication.due(now: Samples.at(6)) == Samples.at(7))
        #expect(plan(Self.one, 6.75) == [])
        #expect(plan(Self.two, 7) == [.update(interface: 2, Self.announcement("node", Self.two))])
        #expect(plan(Self.two, 9) == [])
        #expect(publication.due(now: Samples.at(9)) == nil)
    }

    @Test("a change that is taken back before it went out is none")
    func takenBack() {
        var publication = Self.established()
        #expect(publication.plan(port: 5051, strings: Self.two, interfaces: [2], now: Samples.at(5)) == [])
        #expect(publication.plan(port: 5051, strings: Self.one, interfaces: [2], now: Samples.at(6)) == [])
        #expect(publication.due(now: Samples.at(6)) == nil)
    }

    @Test("what is still being probed for is updated when it is established")
    func probing() {
        var publication = MDNSPublication(name: "node")
        publication.daemon(isRunning: true)
        _ = publication.plan(port: 5051, strings: Self.one, interfaces: [2], now: Samples.at(0))
        #expect(publication.plan(port: 5051, strings: Self.two, interfaces: [2], now: Samples.at(2)) == [])
        publication.established(on: 2)
        #expect(publication.plan(port: 5051, strings: Self.two, interfaces: [2], now: Samples.at(3)) == [])
        #expect(publication.plan(port: 5051, strings: Self.two, interfaces: [2], now: Samples.at(4)).count == 1)
    }

    @Test("a name that is taken is changed once for all interfaces, after a while that grows")
    func collision() {
        var publication = MDNSPublication(name: "node")
        publication.daemon(isRunning: true)
        func plan(_ seconds: Double) -> [MDNSCommand] {
            publication.plan(port: 5051, strings: Self.one, interfaces: [2, 3], now: Samples.at(seconds))
        }
        _ = plan(0)
        publication.collided(on: 2, alternative: { $0 + " #2" }, now: Samples.at(1))
        publication.collided(on: 3, alternative: { $0 + " #2" }, now: Samples.at(1))
        #expect(publication.name == "node #2")
        #expect(plan(1) == [])
        #expect(publication.due(now: Samples.at(1)) == Samples.at(1.25))
        #expect(plan(1.25).first == .publish(interface: 2, Self.announcement("node #2")))
        publication.collided(on: 2, alternative: { _ in "node #3" }, now: Samples.at(2))
        #expect(publication.due(now: Samples.at(2)) == Samples.at(2.5))
    }

    @Test("what is refused is tried again, and the name stays")
    func refusal() {
        var publication = Self.established()
        publication.refused(on: 2, now: Samples.at(1))
        func plan(_ seconds: Double) -> [MDNSCommand] {
            publication.plan(port: 5051, strings: Self.one, interfaces: [2], now: Samples.at(seconds))
        }
        #expect(plan(1.1) == [])
        #expect(plan(1.3) == [.publish(interface: 2, Self.announcement())])
    }

    @Test("after the daemon has looked for another host name everything is published again")
    func hostName() {
        var publication = Self.established()
        publication.daemon(isRunning: false)
        #expect(!publication.isEstablished)
        #expect(publication.plan(port: 5051, strings: Self.one, interfaces: [2], now: Samples.at(1)) == [])
        publication.daemon(isRunning: true)
        #expect(publication.plan(port: 5051, strings: Self.one, interfaces: [2], now: Samples.at(2)).count == 1)
    }

    @Test(
        "a service's name fits DNS, and tells hosts of one name apart",
        arguments: ["node1", String(repeating: "n", count: 70)])
    func names(host: String) {
        let name = MDNSPublication.name(of: NodeIdentity(id: Samples.node(1), name: host, epoch: 1))
        #expect(name.utf8.count <= 63)
        #expect(name.hasPrefix(host.prefix(5)))
        #expect(name.hasSuffix(" " + Samples.node(1).hex.prefix(8)))
        #expect(AvahiNames.alternative(to: name).utf8.count <= 63)
    }
}
