import Testing

extension EndToEnd {
    /// Nodes that have nothing but mDNS to find each other: real avahi-daemons, each with its own D-Bus.
    @Suite(
        .serialized,
        .needs(
            .root, .sandbox, .agent, .program("docker-registry"), .program("containerd"), .program("avahi-daemon"),
            .program("dbus-daemon"), .program("nft")))
    struct MDNSTests {
        @Test(
            "by mDNS alone nodes see each other, hear of new blobs, pull from the right one, and forget one that stops")
        func alone() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let registry = try await lan.registry()
                let key = try await lan.clusterKey()
                let (first, second) = (try await lan.mdnsNode(key: key), try await lan.mdnsNode(key: key))
                let found = try await eventually("the nodes see each other") {
                    let sources = try await [first.node.status(), second.node.status()].map { $0.peers.map(\.sources) }
                    return sources == [[["mdns"]], [["mdns"]]]
                }
                report("nodes found each other by mDNS", found)
                #expect(found < .seconds(2))

                let containerd = try await Containerd(on: first.node)
                try await containerd.pull(image.tagged())
                try await eventually("the agent offers the image") {
                    try await first.node.status().shared.blobs >= image.blobs.count + 1
                }
                var heard = try await second.node.hears(of: first.node, holding: image.blobs.count + 1)
                report("a peer heard of new blobs by mDNS", heard)
                heard = try await second.node.hearsMore(of: first.node, within: .seconds(3), first: heard)
                // Most of it is what mDNS asks for between two changes.
                #expect(heard < .seconds(3))

                try await registry.switchOff()
                try await Containerd(on: second.node).pull(image.tagged())
                let bytes = try await second.node.status().bytes
                #expect(bytes.upstream == 0)
                #expect(bytes.peers >= image.bytes)

                #expect(try await second.node.stopAgent() == .code(0))
                let forgotten = try await eventually("the node that stopped is gone") {
                    try await first.node.status().peers.allSatisfy { $0.state != "alive" }
                }
                report("a node that stopped was gone by mDNS", forgotten)
            }
        }

        @Test("a daemon that is killed and started again, or comes late, is used as soon as it is there")
        func daemons() async throws {
            try await LAN.with { lan in
                let key = try await lan.clusterKey()
                let first = try await lan.mdnsNode(key: key)
                let second = try await lan.mdnsNode(key: key, withDaemon: false)
                #expect(try second.node.log().contains("no mDNS"))
                #expect(try await second.node.status().peers.isEmpty)
                try second.avahi.startDaemon()
                try await lan.see(first, second)

                try await first.avahi.killDaemon()
                try await eventually("the agent notices") { try first.node.log().contains("no mDNS") }
                try first.avahi.startDaemon()
                try await eventually("the agent is announced again") {
                    try first.node.log().components(of: "announced by mDNS") == 2
                }
                // A node that comes now is told of by the new daemon only.
                let third = try await lan.mdnsNode(key: key)
                try await lan.see(first, third)
            }
        }

        @Test("without D-Bus the agent runs, says so once, and finds others when it is there")
        func noBus() async throws {
            try await LAN.with { lan in
                let key = try await lan.clusterKey()
                let first = try await lan.mdnsNode(key: key)
                let second = try await lan.mdnsNode(key: key, withBus: false, withDaemon: false)
                try await eventually("the agent has noticed") { try second.node.log().contains("no mDNS") }
                try await second.avahi.startBus()
                try second.avahi.startDaemon()
                try await lan.see(first, second)
                #expect(try second.node.log().components(of: "no mDNS") == 1)
            }
        }

        @Test("where UDP 5051 is dropped and mDNS passes, nodes find each other all the same")
        func filtered() async throws {
            try await LAN.with { lan in
                let key = try await lan.clusterKey()
                let first = try await lan.mdnsNode(key: key, broadcast: true) { try await $0.drop(udp: 5051) }
                let second = try await lan.mdnsNode(key: key, broadcast: true) { try await $0.drop(udp: 5051) }
                try await lan.see(first, second)
                #expect(try await first.node.status().peers.map(\.sources) == [["mdns"]])
            }
        }
    }
}

/// A node and the mDNS responder beside it.
struct MDNSNode: Sendable {
    let node: Node
    let avahi: Avahi
}

extension LAN {
    /// - Parameter prepare: what is to be done to the machine before anything runs on it.
    func mdnsNode(
        key: String, broadcast: Bool = false, withBus: Bool = true, withDaemon: Bool = true,
        prepare: (Machine) async throws -> Void = { _ in }
    ) async throws -> MDNSNode {
        var configuration = AgentConfiguration()
        configuration.keyFile = key
        configuration.tables = "[discovery]\nbroadcast = \(broadcast)\n"
        var avahi: Avahi?
        let node = try await node(configuration) { machine, configuration in
            try await prepare(machine)
            let responder = try Avahi(on: machine, lan: self, folder: "\(folder.path)/\(machine.name)")
            configuration.environment = responder.environment
            if withBus { try await responder.startBus() }
            if withDaemon {
                try responder.startDaemon()
                try await responder.settles()
            }
            avahi = responder
        }
        return try MDNSNode(node: node, avahi: #require(avahi))
    }

    func see(_ one: MDNSNode, _ other: MDNSNode) async throws {
        try await eventually("\(one.node.name) and \(other.node.name) see each other", within: .seconds(20)) {
            let (first, second) = (try await one.node.status(), try await other.node.status())
            return first.peers.contains { $0.name == other.node.name && $0.state == "alive" }
                && second.peers.contains { $0.name == one.node.name && $0.state == "alive" }
        }
    }
}

extension Machine {
    /// What the machine's firewall drops, coming and going.
    func drop(udp port: Int) async throws {
        let rules =
            "table inet filter { chain in { type filter hook input priority 0; udp dport \(port) drop; }; "
            + "chain out { type filter hook output priority 0; udp dport \(port) drop; }; }"
        try await Command(["nsenter", "--net=/run/netns/\(name)", "nft", rules]).run()
    }
}

extension String {
    /// How often a text is in this one.
    fileprivate func components(of text: String) -> Int {
        var count = 0
        var rest = self[...]
        while let found = rest.firstRange(of: text) {
            count += 1
            rest = rest[found.upperBound...]
        }
        return count
    }
}
