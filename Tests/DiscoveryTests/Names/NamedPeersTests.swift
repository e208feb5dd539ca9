import Logging
import Testing

@testable import Discovery

@Suite struct NamedPeersTests {
    private static let lookup = NamedPeers.Lookup(
        addresses: { (host) throws(DiscoveryError) in
            switch host {
            case "node7.lan": [Samples.ip("10.0.0.7"), Samples.ip("fd00::7")]
            case "10.1.2.3": [Samples.ip("10.1.2.3")]
            default: throw DiscoveryError(.nameUnknown, "no address of \(host)")
            }
        },
        services: { (name) throws(DiscoveryError) in
            guard name == "_shoal._tcp.lan" else { throw DiscoveryError(.nameUnknown, "no SRV records of \(name)") }
            return [.init(priority: 0, weight: 0, port: 6000, target: "node7.lan")]
        })

    private func peers(_ fixed: [String], _ names: [String] = []) -> NamedPeers {
        NamedPeers(
            fixed: fixed, names: names, port: 5051,
            directory: Directory(own: Samples.node(0), hasKey: false, believesTags: false),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, lookup: Self.lookup)
    }

    @Test("literals, names and services lead to places with their ports")
    func found() {
        let round = peers(["10.1.2.3:7000", "node7.lan:5052"], ["node7.lan", "_shoal._tcp.lan"]).look()
        let node7 = [Samples.ip("10.0.0.7"), Samples.ip("fd00::7")]
        #expect(
            round.found == [
                .init(
                    source: .static, place: .init(host: "10.1.2.3", port: 7000), addresses: [Samples.ip("10.1.2.3")]),
                .init(source: .static, place: .init(host: "node7.lan", port: 5052), addresses: node7),
                .init(source: .dns, place: .init(host: "node7.lan", port: 5051), addresses: node7),
                .init(source: .dns, place: .init(host: "node7.lan", port: 6000), addresses: node7),
            ])
        #expect(round.failures.isEmpty)
    }

    @Test("what cannot be found is a complaint, and the rest is found all the same")
    func failures() {
        let round = peers(["gone.lan:1", "10.1.2.3:1"], ["_shoal._tcp.gone"]).look()
        #expect(round.failures == ["no address of gone.lan", "no SRV records of _shoal._tcp.gone"])
        #expect(round.found.map(\.addresses.count) == [0, 1])
    }

    @Test("what they name is allowed by that")
    func named() async {
        let peers = peers(["10.1.2.3:7000"])
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await peers.run() }
            await eventually("the directory knows the name", within: .seconds(60)) {
                peers.directory.isNamed("10.1.2.3")
            }
            group.cancelAll()
        }
        #expect(!peers.directory.isNamed("10.1.2.4"))
        #expect(
            peers.directory.startInquiries(now: .now).start == [
                .caller(at: PeerAddress(host: "10.1.2.3", port: 7000))
            ])
    }

    @Test(
        "places are a host and a port",
        arguments: [
            ("node-7:5051", "node-7", 5051), ("192.0.2.1:1", "192.0.2.1", 1),
            ("[2001:db8::1]:5051", "2001:db8::1", 5051),
        ])
    func place(text: String, host: String, port: Int) {
        #expect(PeerPlace(text) == PeerPlace(host: host, port: port))
    }

    @Test(
        "and nothing else", arguments: ["", "node", "node:", ":5051", "node:0", "node:70000", "::1:5051", "[node]:1"])
    func noPlace(text: String) {
        #expect(PeerPlace(text) == nil)
    }

    @Test("resolv.conf names three servers at most, and this machine where it names none")
    func resolvers() {
        let text = "# by hand\nsearch lan\nnameserver 10.0.0.1\nnameserver fe80::1%eth0\n nameserver 10.0.0.2\n"
        #expect(
            ResolverFile(text: text + "nameserver 10.0.0.3\nnameserver 10.0.0.4").servers == [
                Samples.ip("10.0.0.1"), Samples.ip("fe80::1%eth0"), Samples.ip("10.0.0.2"),
            ])
        #expect(ResolverFile(text: "options ndots:1\n").servers == [Samples.ip("127.0.0.1")])
    }
}
