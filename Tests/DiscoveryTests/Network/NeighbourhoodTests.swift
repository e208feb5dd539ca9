import Testing

@testable import Discovery

@Suite struct NeighbourhoodTests {
    private func interface(
        _ name: String, _ address: String, _ prefix: Int, broadcast: String? = nil, isUp: Bool = true
    ) -> NetworkInterface {
        NetworkInterface(
            name: name, address: Samples.ip(address), prefixLength: prefix, broadcast: broadcast.map(Samples.ip),
            isUp: isUp)
    }

    private var neighbourhood: Neighbourhood {
        Neighbourhood([
            interface("eth0", "10.0.0.5", 24, broadcast: "10.0.0.255"), interface("eth0", "fe80::5%eth0", 64),
            interface("eth0", "fd00::5", 64), interface("eth1", "10.7.0.5", 16, broadcast: "10.7.255.255", isUp: false),
            interface("docker0", "172.17.0.1", 16, broadcast: "172.17.255.255"),
            interface("docker0", "fe80::1%docker0", 64), interface("wlan0", "fe80::6%wlan0", 64),
        ])
    }

    @Test("a message goes to each subnet's broadcast address and to the group on each link")
    func targets() {
        #expect(
            Set(neighbourhood.targets(port: 5051).map(\.ip)) == [
                Samples.ip("10.0.0.255"), Samples.ip("ff12::8000:13bb%eth0"), Samples.ip("ff12::8000:13bb%wlan0"),
            ])
    }

    @Test(
        "neighbours are on the subnets of LAN interfaces",
        arguments: [
            ("10.0.0.77", true), ("fd00::77", true), ("fe80::77%eth0", true), ("fe80::77", true),
            ("fe80::77%docker0", false), ("10.7.0.1", false), ("172.17.0.2", false), ("10.0.1.1", false),
            ("127.0.0.1", false), ("::1", false),
        ])
    func contains(address: String, isNeighbour: Bool) {
        #expect(neighbourhood.contains(Samples.ip(address)) == isNeighbour)
    }

    @Test("what peers are told of is what leads here from elsewhere")
    func own() {
        #expect(neighbourhood.ownAddresses == [Samples.ip("10.0.0.5"), Samples.ip("fd00::5")])
    }

    @Test("a change of interfaces is said soon, and again, and no change is not")
    func change() {
        var stage = BeaconStage()
        _ = stage.dialogue.hello(at: Samples.at(0), random: 0.5)
        for second in [0.3, 1.0] { _ = stage.dialogue.hello(at: Samples.at(second), random: 0.5) }
        let quiet = stage.dialogue.due
        stage.dialogue.networkChanged(to: Neighbourhood([]), at: Samples.at(2))
        #expect(stage.dialogue.due == quiet)
        stage.dialogue.networkChanged(to: neighbourhood, at: Samples.at(2))
        #expect(stage.dialogue.due == Samples.at(2) + .milliseconds(50))
        let saying = stage.dialogue.hello(at: stage.dialogue.due, random: 0.5)
        guard case .hello(let hello) = saying?.payload else { return #expect(Bool(false)) }
        #expect(hello.addresses == neighbourhood.ownAddresses)
        #expect(stage.dialogue.due == Samples.at(2) + .milliseconds(300))
    }
}
