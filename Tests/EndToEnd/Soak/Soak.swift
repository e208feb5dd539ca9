import FoundationEssentials
import Synchronization
import Testing

/// A LAN that works for a long time: everybody pulls, some remove, and half of the agents are killed and restarted all the time.
final class Soak: Sendable {
    /// `SOAK_MINUTES`; 0: there is none.
    static let minutes = Environment.all["SOAK_MINUTES"].flatMap { Double($0) } ?? 0
    private static let nodes = 6
    /// Those are never stopped, so that what they take up says something.
    static let steady = 3
    /// Images that are pulled over and over, beside new ones.
    private static let wellKnown = 24

    private struct Counts {
        var pulls = 0
        var fallbacks = 0
        var removals = 0
        var kills = 0
        var restarts = 0
        var wrong = 0
        var problems: [String] = []
    }

    private let registry: FaultRegistry
    let nodes: [Node]
    private let images: [FaultImage]
    private let counts = Mutex(Counts())
    private let deadline: ContinuousClock.Instant

    private init(registry: FaultRegistry, nodes: [Node], images: [FaultImage]) {
        self.registry = registry
        self.nodes = nodes
        self.images = images
        deadline = .now + .seconds(Self.minutes * 60)
    }

    static func with(_ test: (Soak) async throws -> Void) async throws {
        try await LAN.with { lan in
            let registry = try await FaultRegistry(lan)
            var dice = SplitMix(1)
            let images = try (0..<wellKnown).map { _ in try registry.image(sizes(&dice), &dice) }
            var configuration = AgentConfiguration()
            configuration.tables = "[store]\ncapacity = \"300MB\"\n"
            let nodes = try await lan.trustedNodes(Self.nodes, configuration)
            try await test(Soak(registry: registry, nodes: nodes, images: images))
        }
    }

    private static func sizes(_ dice: inout SplitMix) -> [Int] {
        (0..<Int.random(in: 1...3, using: &dice)).map { _ in Int.random(in: 5_000...9_000_000, using: &dice) }
    }

    private var isOver: Bool { ContinuousClock.now >= deadline }

    /// Until the time is up.
    func run(sampling: @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (place, node) in nodes.enumerated() {
                group.addTask {
                    var dice = SplitMix(UInt64(place) + 100)
                    while !self.isOver { try await self.work(on: node, &dice) }
                }
            }
            group.addTask {
                var dice = SplitMix(7)
                while !self.isOver { try await self.breakSomething(&dice) }
            }
            try await sampling()
            try await group.waitForAll()
        }
    }

    // MARK: What goes on

    private func work(on node: Node, _ dice: inout SplitMix) async throws {
        switch Int.random(in: 0..<10, using: &dice) {
        case 0: await pushAndRemove(on: node, &dice)
        case 1:
            let image = try registry.image(Self.sizes(&dice), &dice)
            defer { registry.forget(image) }
            await pull(image, on: node, .blob)
        default:
            let ask = RuntimeClient.Ask.allCases.randomElement(using: &dice) ?? .blob
            if let image = images.randomElement(using: &dice) { await pull(image, on: node, ask) }
        }
        try await Task.sleep(for: .milliseconds(Int.random(in: 50...400, using: &dice)))
    }

    private func pull(_ image: FaultImage, on node: Node, _ ask: RuntimeClient.Ask) async {
        var outcome = await node.client().pull(image, ask)
        // A runtime tries again where the agent was killed under its hands.
        if !outcome.isComplete, outcome.wrong == 0 { outcome = await node.client().pull(image, ask) }
        counts.withLock { [outcome] counts in
            counts.pulls += 1
            counts.fallbacks += outcome.fallbacks > 0 ? 1 : 0
            counts.wrong += outcome.wrong
            if !outcome.isComplete {
                counts.problems.append("a pull on \(node.name): \(outcome.problems.suffix(3).joined(separator: "; "))")
            }
        }
    }

    /// An agent that is killed meanwhile makes this fail; what was pushed is looked at by the verification at the end.
    private func pushAndRemove(on node: Node, _ dice: inout SplitMix) async {
        let image = FaultImage("team/s\(dice.next() % 1_000_000)", layerBytes: [300_000, 4_000], seed: dice.next())
        guard await node.pusher.push(image, inParts: Bool.random(using: &dice)).isWhole(image) else { return }
        _ = try? await node.shoal("rm", "localhost:5050/\(image.repository):\(FaultImage.tag)")
        _ = try? await node.shoal("gc", "--grace", "0")
        counts.withLock { $0.removals += 1 }
    }

    private func breakSomething(_ dice: inout SplitMix) async throws {
        try await Task.sleep(for: .seconds(Int.random(in: 3...12, using: &dice)))
        guard !isOver, let node = nodes[Self.steady...].randomElement(using: &dice) else { return }
        if Bool.random(using: &dice) {
            try await node.killAgent()
            counts.withLock { $0.kills += 1 }
        } else {
            _ = try await node.stopAgent()
            counts.withLock { $0.restarts += 1 }
        }
        try await node.startAgent()
    }

    // MARK: What came of it

    /// Looks at everything, and prints what was done.
    func finish() async throws {
        let counts = counts.withLock { $0 }
        print(
            """
              soak: \(counts.pulls) pulls, \(counts.fallbacks) with the registry's own help, \(counts.removals) pushes removed \
            again, \(counts.kills) kills, \(counts.restarts) restarts, \(counts.wrong) wrong bytes
            """)
        let problems = counts.problems.prefix(10).joined(separator: "\n")
        #expect(counts.problems.isEmpty, "\(counts.problems.count) pulls failed: \(problems)")
        #expect(counts.wrong == 0)
        #expect(counts.pulls > 0 && counts.removals > 0 && counts.kills + counts.restarts > 0)
        for node in nodes {
            let complaints = try await StoreWalk.verify(node)
            #expect(complaints.isEmpty, "\(node.name)")
        }
    }
}
