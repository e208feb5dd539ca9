/// One of the networks that a LAN may have: a bridge, and how addresses on it look.
enum Network: Sendable {
    /// 10.77.0.0/24, where the test process is at .1.
    case first
    /// 10.78.0.0/24, behind the router at .254.
    case second
    /// fd77::/64 on the first bridge, and no IPv4.
    case six

    var bridge: String { self == .second ? "lan2" : "lan" }

    func address(_ number: Int) -> String {
        switch self {
        case .first: "10.77.0.\(number)"
        case .second: "10.78.0.\(number)"
        case .six: "fd77::\(number)"
        }
    }

    /// What gives a machine its address. Broadcasts to 255.255.255.255 need the default route, though nothing may be behind it.
    func addressing(_ address: String, on machine: String) -> [String] {
        let up = "ip -n \(machine) link set eth0 up"
        return switch self {
        case .first:
            [
                "ip -n \(machine) addr add \(address)/24 brd + dev eth0", up,
                "ip -n \(machine) route add default via 10.77.0.1",
            ]
        case .second:
            [
                "ip -n \(machine) addr add \(address)/24 brd + dev eth0", up,
                "ip -n \(machine) route add default via 10.78.0.254",
            ]
        case .six:
            // Nobody else has it: no second of looking for duplicates.
            ["ip -n \(machine) addr add \(address)/64 dev eth0 nodad", up]
        }
    }
}

extension LAN {
    /// The second network, and a router between the two. The test process finds its way there, too.
    func router() async throws {
        try await bridge(Network.second.bridge)
        let router = try await machine("router", Network.first.address(254))
        try await Command.run(
            [
                "ip link add router2 type veth peer name eth1 netns router",
                "ip link set router2 master \(Network.second.bridge) up",
                "ip -n router addr add \(Network.second.address(254))/24 brd + dev eth1",
                "ip -n router link set eth1 up",
                "ip route add 10.78.0.0/24 via \(router.address)",
            ])
        _ = try await router.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        // Hosts of the first network send what is for the second to the test process, which sends it on.
        try await Command(["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]).run()
    }
}
