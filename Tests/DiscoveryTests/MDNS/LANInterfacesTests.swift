import Testing

@testable import Discovery

struct LANInterfacesTests {
    static func interface(
        _ name: String, _ address: String = "192.0.2.1", isLoopback: Bool = false, isPointToPoint: Bool = false,
        hasUplink: Bool = false
    ) -> NetworkInterface {
        NetworkInterface(
            name: name, address: Samples.ip(address), prefixLength: 24, isLoopback: isLoopback,
            isPointToPoint: isPointToPoint, hasUplink: hasUplink)
    }

    static let some = LANInterfaces(interfaces: [
        interface("lo", "127.0.0.1", isLoopback: true), interface("eth0"), interface("eth0", "fe80::1%eth0"),
        interface("eth1", "198.51.100.1"), interface("docker0", "172.17.0.1"), interface("virbr0"),
        interface("veth1234"), interface("tun0", isPointToPoint: true), interface("vnet0", hasUplink: true),
        interface("br-0123456789ab"),
    ])

    @Test(
        "neighbours are on LAN interfaces, and not on loopback, tunnels and bridges of containers",
        arguments: [
            ("eth0", true), ("eth1", true), ("vnet0", true), ("lo", false), ("docker0", false), ("virbr0", false),
            ("veth1234", false), ("tun0", false), ("br-0123456789ab", false),
        ])
    func neighbours(name: String, expected: Bool) {
        #expect(Self.some.mayHaveNeighbours(name) == expected)
    }

    @Test(
        "an interface that has just come up is judged by its name",
        arguments: [("enp3s0", true), ("wlan0", true), ("cni0", false), ("docker0", false), ("lo", false)])
    func unknown(name: String, expected: Bool) {
        #expect(LANInterfaces(interfaces: []).mayHaveNeighbours(name) == expected)
    }

    @Test("this node is announced on LAN interfaces, or on those that have the addresses to announce")
    func announced() {
        #expect(Self.some.names(bearing: []) == ["eth0", "eth1", "vnet0"])
        #expect(Self.some.names(bearing: [Samples.ip("198.51.100.1")]) == ["eth1"])
        #expect(Self.some.names(bearing: [Samples.ip("fe80::1")]) == ["eth0"])
        #expect(Self.some.names(bearing: [Samples.ip("203.0.113.1")]).isEmpty)
    }
}
