import Testing

@testable import Discovery

@Suite struct NetworkInterfaceTests {
    private func interface(_ name: String, prefix: Int = 24, uplink: Bool = false) -> NetworkInterface {
        NetworkInterface(
            name: name, address: Samples.ip("10.1.1.1"), prefixLength: prefix, broadcast: Samples.ip("10.1.1.255"),
            hasUplink: uplink)
    }

    @Test(
        "a machine's own networks are its LAN",
        arguments: ["eth0", "enp3s0", "wlan0", "bond0", "br0", "vmbr0", "br-lan", "eth0.100", "team0", "bridge0"])
    func lan(name: String) {
        #expect(interface(name).broadcastTarget == Samples.ip("10.1.1.255"))
    }

    @Test(
        "networks of containers and virtual machines are not",
        arguments: [
            "docker0", "docker_gwbridge", "br-0123456789ab", "cni0", "cni-podman0", "podman1", "virbr0", "veth12ab",
            "flannel.1", "cali123", "cilium_host", "lxcbr0", "lxdbr0", "vnet3", "tap0", "tun0", "kube-ipvs0", "dummy0",
        ])
    func guests(name: String) {
        #expect(interface(name).broadcastTarget == nil)
        #expect(interface(name).subnet == nil)
    }

    @Test(
        "a guests' bridge with an uplink has become the way to the LAN",
        arguments: ["docker0", "virbr0", "br-0123456789ab"])
    func uplink(name: String) {
        #expect(interface(name, uplink: true).broadcastTarget != nil)
    }

    @Test("an address without a subnet has no neighbours", arguments: [0, 31, 32])
    func noSubnet(prefix: Int) {
        #expect(interface("eth0", prefix: prefix).broadcastTarget == nil)
    }

    @Test("this machine's interfaces can be read, loopback among them")
    func scan() {
        let loopback = InterfaceScan.now().first { $0.address == Samples.ip("127.0.0.1") }
        #expect(loopback?.isLoopback == true)
        #expect(loopback?.prefixLength == 8)
        #expect(loopback?.subnet == nil)
    }

    @Test(
        "addresses print as they are written",
        arguments: ["192.0.2.1", "2001:db8::1", "fe80::1%eth0", "::", "0.0.0.0", "255.255.255.255"])
    func addresses(text: String) {
        #expect(IPAddress(text)?.description == text)
    }

    @Test(
        "what is no address is refused",
        arguments: [
            "", "1.2.3", "1.2.3.4.5", "1.2.3.256", "[::1]", "1.2.3.4%eth0", "fe80::1%", "::1 ", "localhost", "01.2.3.4",
        ])
    func noAddress(text: String) {
        #expect(IPAddress(text) == nil)
    }
}
