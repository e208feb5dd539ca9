/// The moment that a swarm is for: a LAN of nodes that know each other, an image that none of them has, and a registry behind a link that
/// is much slower than theirs.
struct Rollout: Sendable {
    /// Of the nodes' own links. The slowest that is common, so that the copies on the LAN are not for nothing.
    static let lanMegabitsPerSecond = 1000

    let lan: LAN
    let registry: Registry
    let nodes: [Node]
    let image: Fixtures.Image
    /// What upstream sends from here on.
    let meter: CopyMeter
    private let uplink: Int

    /// - Parameter withKey: whether the nodes hold a cluster key, so that they pass on what upstream has not told them to be public.
    static func with(
        _ count: Int = 6, _ configuration: AgentConfiguration = AgentConfiguration(),
        uplinkMegabitsPerSecond uplink: Int = 100, withKey: Bool = false, _ test: (Rollout) async throws -> Void
    ) async throws {
        try await LAN.with { lan in
            let image = try await Fixtures.image(.random)
            let registry = try await lan.registry()
            let nodes =
                withKey
                ? try await lan.trustedNodes(count, configuration) : try await lan.nodes(count, configuration)
            for node in nodes { try await node.machine.limitLink(megabitsPerSecond: lanMegabitsPerSecond) }
            try await registry.machine.limitUplink(megabitsPerSecond: uplink)
            try await test(
                Rollout(
                    lan: lan, registry: registry, nodes: nodes, image: image,
                    meter: CopyMeter(of: image, from: registry.machine), uplink: uplink))
        }
    }

    /// A node that was not there when the others found each other, without an agent as yet.
    func newcomer() async throws -> Node {
        let node = try await lan.idleNode()
        try await node.machine.limitLink(megabitsPerSecond: Self.lanMegabitsPerSecond)
        return node
    }

    /// How often the time that one copy needs over the uplink goes into a duration: 1 is the best that there is.
    func ratio(_ took: Duration) -> Double {
        took / .seconds(Double(image.bytes * 8) / Double(uplink * 1_000_000))
    }

    /// Prints what came of it.
    func report(_ what: String, took: [Duration]) async throws {
        guard let last = took.max() else { return }
        let copies = try await meter.copies
        print("  measured: \(what): \(last), \(ratio(last)) times one copy; upstream sent \(copies) copies")
    }
}

/// What leaves a machine, in copies of an image.
struct CopyMeter: Sendable {
    private let image: Fixtures.Image
    private let machine: Machine
    private let before: Int

    init(of image: Fixtures.Image, from machine: Machine) async throws {
        (self.image, self.machine) = (image, machine)
        before = try await machine.bytesSent()
    }

    var copies: Double {
        get async throws { Double(try await machine.bytesSent() - before) / Double(image.bytes) }
    }

    /// Waits until so much of a copy has been sent.
    func reaches(_ copies: Double, within limit: Duration = .seconds(60)) async throws {
        try await eventually("\(machine.name) has sent \(copies) copies", within: limit) {
            try await self.copies >= copies
        }
    }
}
