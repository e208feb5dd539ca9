import FoundationEssentials
import Testing

extension EndToEnd {
    /// Two LANs with a router between them, which passes no broadcast.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry"), .program("containerd")))
    struct RoutedDiscoveryTests {
        @Test("one static line on one node makes one LAN of two")
        func staticPeer() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                _ = try await lan.registry()
                try await lan.router()
                var configuration = AgentConfiguration()
                configuration.keyFile = try await lan.clusterKey()
                configuration.tables = "[discovery]\nmdns = false\n"
                let near = [try await lan.node(configuration), try await lan.node(configuration)]
                let far = try await lan.node(configuration, on: .second)
                configuration.peers = "static = [\"\(near[0].machine.address):5051\"]"
                let linked = try await lan.node(configuration, on: .second)
                let took = try await lan.seeEachOther(near + [far, linked], within: .seconds(60))
                report("two LANs became one by one line", took)

                // Of two nodes without the line: the one holds, the other pulls.
                try await near[1].copyThroughMirror(image)
                let heard = try await far.hears(of: near[1], holding: image.blobs.count + 1, within: .seconds(30))
                report("a node of the other LAN heard of new blobs", heard)
                try await lan.cutRegistry(off: far)
                try await far.pullFromPeers(image)
            }
        }

        @Test(
            "a name in DNS leads to the other LAN",
            arguments: [
                ("near.shoal.test", ["near.shoal.test": DNSServer.Record.a("10.77.0.11")]),
                (
                    "_shoal._tcp.shoal.test",
                    [
                        "_shoal._tcp.shoal.test": .srv(port: 5051, target: "near.shoal.test"),
                        "near.shoal.test": .a("10.77.0.11"),
                    ]
                ),
            ])
        func dnsPeer(name: String, records: [String: DNSServer.Record]) async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                _ = try await lan.registry()
                try await lan.router()
                try await DNSServer.with(records) {
                    var configuration = AgentConfiguration()
                    configuration.keyFile = try await lan.clusterKey()
                    configuration.tables = "[discovery]\nmdns = false\n"
                    let near = try await lan.node(configuration)
                    let file = lan.folder.path + "/resolv.conf"
                    try Data("nameserver 10.77.0.1\n".utf8).write(to: URL(filePath: file))
                    configuration.launcher = DNSServer.launcher(resolverFile: file)
                    configuration.peers = "dns = [\"\(name)\"]"
                    let far = try await lan.node(configuration, on: .second)
                    report(
                        "a peer named in DNS was found", try await lan.seeEachOther([near, far], within: .seconds(30)))
                    try await near.copyThroughMirror(image)
                    try await far.hears(of: near, holding: image.blobs.count + 1, within: .seconds(30))
                    try await lan.cutRegistry(off: far)
                    try await far.pullFromPeers(image)
                }
            }
        }
    }
}

extension LAN {
    /// The node reaches the registry no more: it has to take from peers.
    fileprivate func cutRegistry(off node: Node) async throws {
        try await Command.run(["ip -n \(node.name) route add blackhole \(Network.first.address(2))/32"])
    }
}
