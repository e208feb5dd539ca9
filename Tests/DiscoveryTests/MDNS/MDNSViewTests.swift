import Testing

@testable import Discovery

struct MDNSViewTests {
    static func rules(_ limits: MDNSView.Limits = .init(), clusters: [[UInt8]] = []) -> MDNSView.Rules {
        MDNSView.Rules(
            own: Samples.node(99), clusters: clusters, allows: { !$0.hasPrefix("192.0.2.66") }, limits: limits)
    }

    static func instance(_ number: Int, _ family: IPAddress.Family = .v4, on interface: Int32 = 2) -> MDNSInstance {
        MDNSInstance(interface: interface, family: family, name: "node\(number)", domain: "local")
    }

    static func record(_ number: Int, version: UInt64 = 1, epoch: UInt64 = 1, cluster: [UInt8] = []) -> MDNSRecord {
        MDNSRecord(
            id: Samples.node(UInt64(number)), name: "node\(number)", epoch: epoch, version: version, cluster: cluster,
            newest: [])
    }

    static func resolution(_ record: MDNSRecord, at address: String, port: UInt16 = 5051) -> MDNSResolution {
        MDNSResolution(address: Samples.ip(address), port: port, strings: record.strings)
    }

    static func addresses(_ hosts: String...) -> [PeerAddress] { hosts.map { PeerAddress(host: $0, port: 5051) } }

    /// A view that knows node 1 over IPv4.
    static func knowing() -> MDNSView {
        var view = MDNSView(rules: rules())
        _ = view.found(instance(1))
        _ = view.resolved(instance(1), resolution(record(1), at: "192.0.2.1"))
        return view
    }

    @Test("a service that is found is resolved, and then seen")
    func seen() {
        var view = MDNSView(rules: Self.rules())
        #expect(view.found(Self.instance(1)) == [.follow(Self.instance(1))])
        #expect(view.found(Self.instance(1)) == [])
        let neighbour = MDNSNeighbour(record: Self.record(1), addresses: Self.addresses("192.0.2.1"))
        #expect(
            view.resolved(Self.instance(1), Self.resolution(Self.record(1), at: "192.0.2.1")) == [.seen(neighbour)])
        #expect(view.neighbours == [neighbour])
    }

    @Test("the same told again is no news")
    func same() {
        var view = Self.knowing()
        #expect(view.resolved(Self.instance(1), Self.resolution(Self.record(1), at: "192.0.2.1")) == [])
    }

    @Test("a new version is news")
    func newVersion() {
        var view = Self.knowing()
        let neighbour = MDNSNeighbour(record: Self.record(1, version: 2), addresses: Self.addresses("192.0.2.1"))
        #expect(
            view.resolved(Self.instance(1), Self.resolution(Self.record(1, version: 2), at: "192.0.2.1"))
                == [.seen(neighbour)])
    }

    @Test("both protocols make one neighbour: addresses that lead far first, IPv6 before IPv4, those of the link last")
    func families() {
        var view = Self.knowing()
        _ = view.found(Self.instance(1, .v6))
        _ = view.found(Self.instance(1, .v6, on: 3))
        _ = view.resolved(Self.instance(1, .v6), Self.resolution(Self.record(1), at: "fe80::1%eth0"))
        _ = view.resolved(Self.instance(1, .v6, on: 3), Self.resolution(Self.record(1), at: "2001:db8::1"))
        #expect(view.neighbours.map(\.addresses) == [Self.addresses("2001:db8::1", "192.0.2.1", "fe80::1%eth0")])
    }

    @Test("while the protocols disagree the newer record holds")
    func disagreement() {
        var view = Self.knowing()
        _ = view.found(Self.instance(1, .v6))
        _ = view.resolved(Self.instance(1, .v6), Self.resolution(Self.record(1, version: 3), at: "2001:db8::1"))
        _ = view.resolved(Self.instance(1), Self.resolution(Self.record(1, version: 2), at: "192.0.2.1"))
        #expect(view.neighbours.map(\.record.version) == [3])
    }

    @Test("a node is gone when the last that was told of it is removed")
    func removal() {
        var view = Self.knowing()
        _ = view.found(Self.instance(1, .v6))
        _ = view.resolved(Self.instance(1, .v6), Self.resolution(Self.record(1), at: "2001:db8::1"))
        let left = MDNSNeighbour(record: Self.record(1), addresses: Self.addresses("2001:db8::1"))
        #expect(view.removed(Self.instance(1)) == [.unfollow(Self.instance(1)), .seen(left)])
        #expect(
            view.removed(Self.instance(1, .v6)) == [.unfollow(Self.instance(1, .v6)), .gone(Samples.node(1))])
        #expect(view.neighbours.isEmpty)
        #expect(view.removed(Self.instance(1, .v6)) == [])
    }

    @Test("a node under two names is gone with the second")
    func twoNames() {
        var view = Self.knowing()
        _ = view.found(Self.instance(2))
        _ = view.resolved(Self.instance(2), Self.resolution(Self.record(1), at: "192.0.2.1"))
        #expect(view.removed(Self.instance(1)) == [.unfollow(Self.instance(1))])
        #expect(view.removed(Self.instance(2)) == [.unfollow(Self.instance(2)), .gone(Samples.node(1))])
    }

    @Test("a name that another node has taken over: the one is gone, the other seen")
    func takeover() {
        var view = Self.knowing()
        let other = MDNSNeighbour(record: Self.record(5), addresses: Self.addresses("192.0.2.5"))
        #expect(
            view.resolved(Self.instance(1), Self.resolution(Self.record(5), at: "192.0.2.5"))
                == [.gone(Samples.node(1)), .seen(other)])
    }

    @Test("a service whose host no longer answers is gone, and seen again when it answers")
    func unresolved() {
        var view = Self.knowing()
        #expect(view.unresolved(Self.instance(1)) == [.gone(Samples.node(1))])
        #expect(view.resolved(Self.instance(1), Self.resolution(Self.record(1), at: "192.0.2.1")).count == 1)
    }

    @Test(
        "what cannot be a peer is dropped, with a reason",
        arguments: [
            (resolution(record(99), at: "192.0.2.1"), MDNSDrop.own),
            (resolution(record(1, cluster: [1, 2, 3, 4, 5, 6, 7, 8]), at: "192.0.2.1"), .otherCluster),
            (resolution(record(1), at: "192.0.2.1", port: 0), .invalidField),
            (resolution(record(1), at: "127.0.0.1"), .invalidAddress),
            (resolution(record(1), at: "::1"), .invalidAddress),
            (resolution(record(1), at: "0.0.0.0"), .invalidAddress),
            (resolution(record(1), at: "224.0.0.251"), .invalidAddress),
            (resolution(record(1), at: "fe80::1"), .invalidAddress),
            (resolution(record(1), at: "192.0.2.66"), .notAllowed),
            (MDNSResolution(address: Samples.ip("192.0.2.1"), port: 5051, strings: []), .incomplete),
        ])
    func drops(resolution: MDNSResolution, reason: MDNSDrop) {
        var view = MDNSView(rules: Self.rules())
        _ = view.found(Self.instance(1))
        #expect(view.resolved(Self.instance(1), resolution) == [.dropped(reason)])
        #expect(view.neighbours.isEmpty)
    }

    @Test("with keys the records of all of them count, and no others")
    func clusters() {
        let (first, second): ([UInt8], [UInt8]) = ([1, 1, 1, 1, 1, 1, 1, 1], [2, 2, 2, 2, 2, 2, 2, 2])
        var view = MDNSView(rules: Self.rules(clusters: [first, second]))
        for number in 1...4 { _ = view.found(Self.instance(number)) }
        for (number, cluster) in [(1, first), (2, second), (3, []), (4, [3, 3, 3, 3, 3, 3, 3, 3])] {
            let record = Self.record(number, cluster: cluster)
            _ = view.resolved(Self.instance(number), Self.resolution(record, at: "192.0.2.\(number)"))
        }
        #expect(Set(view.neighbours.map(\.record.id)) == [Samples.node(1), Samples.node(2)])
    }

    @Test("a node that goes over to another cluster is gone")
    func changedCluster() {
        var view = Self.knowing()
        let other = Self.record(1, version: 2, cluster: [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(
            view.resolved(Self.instance(1), Self.resolution(other, at: "192.0.2.1"))
                == [.dropped(.otherCluster), .gone(Samples.node(1))])
    }

    // MARK: The daemon

    @Test(
        "another daemon: who was known stays until it has told what there is, and who is told of again stays for good")
    func anotherDaemon() {
        var view = Self.knowing()
        _ = view.found(Self.instance(2))
        _ = view.resolved(Self.instance(2), Self.resolution(Self.record(2), at: "192.0.2.2"))
        view.beginAnew()
        #expect(view.neighbours.count == 2)
        #expect(view.found(Self.instance(2)) == [.follow(Self.instance(2))])
        #expect(view.settle() == [.gone(Samples.node(1))])
        #expect(view.neighbours.map(\.record.id) == [Samples.node(2)])
    }

    // MARK: Bounds

    @Test("no more resolvers are open than there may be; who waits gets the one that becomes free")
    func resolvers() {
        var view = MDNSView(rules: Self.rules(.init(followed: 2, generous: 1)))
        #expect(view.found(Self.instance(1)) == [.follow(Self.instance(1))])
        #expect(view.found(Self.instance(1, .v6)) == [])
        #expect(view.found(Self.instance(2)) == [.follow(Self.instance(2))])
        #expect(view.found(Self.instance(3)) == [])
        // The second protocol of a service waits as long as there are many.
        #expect(view.removed(Self.instance(1, .v6)) == [])
        #expect(view.removed(Self.instance(2)) == [.unfollow(Self.instance(2)), .follow(Self.instance(3))])
    }

    @Test("a service that does not answer gives its resolver to one that waits")
    func rotation() {
        var view = MDNSView(rules: Self.rules(.init(followed: 1, generous: 1)))
        _ = view.found(Self.instance(1))
        _ = view.found(Self.instance(2))
        #expect(view.unresolved(Self.instance(1)) == [.unfollow(Self.instance(1)), .follow(Self.instance(2))])
        #expect(view.unresolved(Self.instance(2)) == [.unfollow(Self.instance(2)), .follow(Self.instance(1))])
    }

    @Test("a second protocol that waits does not keep others waiting")
    func waitingSecond() {
        var view = MDNSView(rules: Self.rules(.init(followed: 2, generous: 1)))
        _ = view.found(Self.instance(1))
        _ = view.found(Self.instance(1, .v6))
        _ = view.found(Self.instance(2))
        _ = view.found(Self.instance(3))
        #expect(view.removed(Self.instance(2)) == [.unfollow(Self.instance(2)), .follow(Self.instance(3))])
    }

    @Test("no more services and instances are kept than there may be")
    func flood() {
        var view = MDNSView(rules: Self.rules(.init(services: 3, instances: 4)))
        for number in 1...3 { #expect(view.found(Self.instance(number)) == [.follow(Self.instance(number))]) }
        #expect(view.found(Self.instance(4)) == [.dropped(.tooMany)])
        #expect(view.found(Self.instance(1, .v6)) == [.follow(Self.instance(1, .v6))])
        #expect(view.found(Self.instance(2, .v6)) == [.dropped(.tooMany)])
    }
}
