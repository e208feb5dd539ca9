import Testing

@testable import Discovery

@Suite struct AccessListTests {
    static let interfaces = [
        NetworkInterface(name: "lo", address: Samples.ip("127.0.0.1"), prefixLength: 8, isLoopback: true),
        NetworkInterface(
            name: "eth0", address: Samples.ip("192.168.1.10"), prefixLength: 24, broadcast: Samples.ip("192.168.1.255")),
        NetworkInterface(name: "eth0", address: Samples.ip("fe80::1%eth0"), prefixLength: 64),
        NetworkInterface(name: "eth0", address: Samples.ip("2001:db8:1::1"), prefixLength: 64),
        NetworkInterface(
            name: "docker0", address: Samples.ip("172.17.0.1"), prefixLength: 16,
            broadcast: Samples.ip("172.17.255.255")),
        NetworkInterface(name: "tun0", address: Samples.ip("10.8.0.2"), prefixLength: 24, isPointToPoint: true),
        NetworkInterface(name: "eth1", address: Samples.ip("10.9.0.2"), prefixLength: 24, isUp: false),
    ]

    private func list(_ words: [String]) throws -> AccessList {
        try AccessList(words, interfaces: InterfaceCache { Self.interfaces })
    }

    @Test(
        "each word allows what it says",
        arguments: [
            (["on-link"], "192.168.1.77", true),
            (["on-link"], "192.168.2.77", false),
            (["on-link"], "::ffff:192.168.1.77", true),
            (["on-link"], "172.17.0.5", false),
            (["on-link"], "10.8.0.1", false),
            (["on-link"], "10.9.0.1", false),
            (["on-link"], "127.0.0.1", false),
            (["on-link"], "::1", false),
            (["on-link"], "2001:db8:1::77", true),
            (["on-link"], "2001:db8:2::77", false),
            (["on-link"], "fe80::77%eth0", true),
            (["on-link"], "fe80::77%docker0", false),
            (["on-link"], "fe80::77", true),
            (["private"], "10.1.2.3", true),
            (["private"], "172.31.255.255", true),
            (["private"], "172.32.0.0", false),
            (["private"], "169.254.1.1", true),
            (["private"], "fd00::1", true),
            (["private"], "8.8.8.8", false),
            (["private"], "127.0.0.1", false),
            (["any"], "8.8.8.8", true),
            (["any"], "127.0.0.1", true),
            (["any"], "224.0.0.1", false),
            (["any"], "0.0.0.0", false),
            (["127.0.0.0/8"], "127.0.0.1", true),
            (["10.0.0.0/8", "2001:db8::/32"], "2001:db8:ffff::1", true),
            (["10.0.0.0/8", "2001:db8::/32"], "11.0.0.1", false),
            (["192.0.2.7"], "192.0.2.7", true),
            (["192.0.2.7"], "192.0.2.8", false),
            (["0.0.0.0/0"], "8.8.8.8", true),
            (["0.0.0.0/0"], "2001:db8::1", false),
            ([], "192.168.1.77", false),
            (["any"], "no address", false),
            (["any"], "", false),
        ] as [([String], String, Bool)])
    func allowed(words: [String], address: String, isAllowed: Bool) throws {
        #expect(try list(words).allows(address) == isAllowed)
    }

    @Test(
        "what is neither word nor CIDR is refused",
        arguments: [
            "onlink", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "host.example", "::/129", "10.0.0.0/+8",
            "fe80::1%eth0/64", "",
        ])
    func refused(word: String) {
        let error = #expect(throws: DiscoveryError.self) { try AccessList([word]) }
        #expect(error?.code == .accessInvalid)
    }

    @Test("interfaces are read again after three seconds and not before")
    func cache() {
        let count = Counter()
        let cache = InterfaceCache {
            count.add()
            return []
        }
        for second in [0.0, 1, 2.9, 3.1, 4] { _ = cache.interfaces(now: Samples.at(second)) }
        #expect(count.value == 2)
    }
}
