import FoundationEssentials
import Testing

extension EndToEnd {
    /// Nodes that find each other by the beacon alone: there is no D-Bus in the sandbox, and mDNS is off.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry"), .program("containerd")))
    struct DiscoveryTests {
        @Test("by broadcast alone nodes see each other within two seconds, and hear of new blobs within half a second")
        func broadcast() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let registry = try await lan.registry()
                let nodes = try await lan.beaconNodes(3)
                try await lan.hearNews(of: image, nodes)
                try await registry.switchOff()
                try await nodes[2].pullFromPeers(image)
                #expect(try await nodes[2].status().peers.allSatisfy { $0.sources == ["broadcast"] })
            }
        }

        @Test("where there is no IPv4 nodes find each other by multicast, and pull over IPv6")
        func ipv6() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let name = "registry6.test"
                let registry = try await lan.registry(on: .six)
                var configuration = AgentConfiguration()
                configuration.upstreams = [name: "http://\(name)"]
                let nodes = try await lan.beaconNodes(2, configuration, on: .six)
                try await lan.hearNews(of: image, at: name, nodes)
                try await registry.switchOff()
                try await nodes[1].pullFromPeers(image, at: name)
            }
        }

        @Test("a node whose address has changed is found at the new one, and pulled from there")
        func changedAddress() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let registry = try await lan.registry()
                let nodes = try await lan.beaconNodes(2)
                try await lan.hearNews(of: image, nodes)
                try await registry.switchOff()
                try await Command.run([
                    "ip -n \(nodes[0].name) addr del \(nodes[0].machine.address)/24 dev eth0",
                    "ip -n \(nodes[0].name) addr add 10.77.0.99/24 brd + dev eth0",
                    "ip -n \(nodes[0].name) route replace default via 10.77.0.1",
                ])
                let found = try await eventually("the node is known at its new address", within: .seconds(20)) {
                    try await nodes[1].status().peers.contains { $0.addresses.contains("10.77.0.99:5051") }
                }
                report("a node with a new address was found there", found)
                let took = try await nodes[1].pullFromPeers(image)
                report("a pull from a node that has moved", took)
            }
        }

        @Test(
            "a restarted agent is the same node, found again at once, and holds what it held", arguments: [true, false])
        func sameNode(saysBye: Bool) async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let registry = try await lan.registry()
                let nodes = try await lan.beaconNodes(2)
                try await lan.hearNews(of: image, nodes)
                try await registry.switchOff()
                let before = try await nodes[1].status().peers
                if saysBye {
                    try await nodes[0].stopAgent()
                    try await eventually("its Bye is heard", within: .seconds(2)) {
                        try await nodes[1].status().peers.allSatisfy { $0.state != "alive" }
                    }
                } else {
                    try await nodes[0].killAgent()
                }
                try await nodes[0].startAgent()
                let heard = try await nodes[1].hears(of: nodes[0], holding: image.blobs.count + 1)
                report("what a restarted node holds was known", heard)
                let after = try await nodes[1].status().peers
                #expect(after.map(\.id) == before.map(\.id))
                #expect(after.map(\.state) == ["alive"])
                try await nodes[1].pullFromPeers(image)
            }
        }

        @Test("a network that falls apart and grows together again is one again, and what was missed is known")
        func partition() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let registry = try await lan.registry()
                let nodes = try await lan.beaconNodes(2)
                try await nodes[1].machine.plug(false)
                try await nodes[0].copyThroughMirror(image)
                let noticed = try await eventually("the lost node is put aside", within: .seconds(40)) {
                    try await nodes[0].status().peers.allSatisfy { $0.state == "suspect" }
                }
                report("a node that fell silent was put aside", noticed)
                try await nodes[1].machine.plug(true)
                let heard = try await nodes[1].hears(of: nodes[0], holding: image.blobs.count + 1, within: .seconds(20))
                report("after a partition what was missed was known", heard)
                try await registry.switchOff()
                try await nodes[1].pullFromPeers(image)
            }
        }

        @Test("clocks that are ten years apart make no difference", .needs(.program("clang")))
        func clocks() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let registry = try await lan.registry()
                var configuration = AgentConfiguration()
                configuration.keyFile = try await lan.clusterKey()
                configuration.tables = "[discovery]\nmdns = false\n"
                configuration.environment = try await lan.wallClock(yearsAhead: -5)
                let past = try await lan.node(configuration)
                configuration.environment = try await lan.wallClock(yearsAhead: 5)
                let future = try await lan.node(configuration)
                try await lan.seeEachOther([past, future])
                try await lan.hearNews(of: image, [future, past])
                try await registry.switchOff()
                // By tag: the age of what a peer says of it counts, too.
                try await past.pullFromPeers(image)
                #expect(try past.year() + 10 == future.year())
            }
        }
    }
}

extension LAN {
    /// Nodes with one cluster key and no mDNS that have found each other, and how long that took the last one.
    func beaconNodes(
        _ count: Int, _ configuration: AgentConfiguration = AgentConfiguration(), on network: Network = .first
    ) async throws -> [Node] {
        var configuration = configuration
        configuration.keyFile = try await clusterKey()
        configuration.tables += "[discovery]\nmdns = false\n"
        var nodes: [Node] = []
        for _ in 0..<count { nodes.append(try await node(configuration, on: network)) }
        let found = try await seeEachOther(nodes)
        report("\(count) nodes found each other", found)
        #expect(found < .seconds(2))
        return nodes
    }

    /// Until each has all the others as living peers.
    @discardableResult
    func seeEachOther(_ nodes: [Node], within limit: Duration = .seconds(20)) async throws -> Duration {
        try await eventually("\(nodes.map(\.name)) see each other", within: limit) {
            for node in nodes {
                let seen = try await node.status().peers.filter { $0.state == "alive" }.map(\.name)
                guard Set(seen).isSuperset(of: nodes.map(\.name).filter { $0 != node.name }) else { return false }
            }
            return true
        }
    }

    /// The first node takes an image from its registry, and the others hear of it.
    func hearNews(of image: Fixtures.Image, at registry: String = "registry.test", _ nodes: [Node]) async throws {
        try await nodes[0].copyThroughMirror(image, at: registry)
        try await eventually("the agent offers the image") {
            try await nodes[0].status().shared.blobs >= image.blobs.count + 1
        }
        for node in nodes.dropFirst() {
            var heard = try await node.hears(of: nodes[0], holding: image.blobs.count + 1)
            report("\(node.name) heard of new blobs", heard)
            heard = try await node.hearsMore(of: nodes[0], within: .milliseconds(500), first: heard)
            #expect(heard < .milliseconds(500))
        }
    }
}

extension Node {
    /// How soon news of another node is heard: the same again with something new, where the machine was busy with something else at the
    /// first time. What is promised holds once in three times, or it does not hold.
    func hearsMore(of other: Node, within limit: Duration, first: Duration) async throws -> Duration {
        var heard = first
        for attempt in 1...2 where heard >= limit {
            let before = try await other.status().shared.blobs
            try await other.pushArtifact("news \(attempt) for \(name)", as: "news/app", "for-\(name)-\(attempt)")
            try await eventually("\(other.name) offers more") { try await other.status().shared.blobs >= before + 2 }
            heard = try await hears(of: other, holding: before + 2)
            report("\(name) heard of newer blobs", heard)
        }
        return heard
    }

    /// Pulls what only peers have.
    @discardableResult
    func pullFromPeers(_ image: Fixtures.Image, at registry: String = "registry.test") async throws -> Duration {
        let took = try await Containerd(on: self, registries: [registry]).pull(image.tagged(at: registry))
        let bytes = try await status().bytes
        #expect(bytes.upstream == 0)
        #expect(bytes.peers >= image.bytes)
        return took
    }

    /// By the agent's own wall clock, as its log's first line has it.
    fileprivate func year() throws -> Int {
        let line = try #require(log().split(separator: "\n").first)
        let year = line.split(whereSeparator: { !$0.isNumber }).first { $0.count == 4 }
        return try #require(year.flatMap { Int(String($0)) })
    }
}
