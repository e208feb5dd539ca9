import FoundationEssentials
import Synchronization
import Testing

/// A registry, and nodes whose agents are killed again and again. Each works for itself.
struct KillWorld: Sendable {
    /// With so many trials behind it a node begins with an empty disk, so that looking at all of it stays cheap.
    private static let trialsPerDisk = 12

    final class Stage: Sendable {
        let node: Node
        private let trials = Mutex(0)

        init(_ node: Node) { self.node = node }

        fileprivate func refresh() async throws {
            let number = trials.withLock { trials in
                trials += 1
                return trials
            }
            guard number % KillWorld.trialsPerDisk == 0 else { return }
            try await node.killAgent()
            try FileManager.default.removeItem(atPath: node.dataDirectory)
            try await node.startAgent()
        }
    }

    let lan: LAN
    let registry: FaultRegistry
    private let stages: Pool<Stage>

    static func with(_ test: (KillWorld) async throws -> Void) async throws {
        try await LAN.with { lan in
            let registry = try await FaultRegistry(lan)
            var configuration = AgentConfiguration()
            // So that a download lasts long enough to be met in its middle.
            configuration.tables = "[limits]\nupstream_rate = \"60MB/s\"\n"
            var stages: [Stage] = []
            for _ in 0..<2 { stages.append(Stage(try await lan.node(configuration))) }
            try await test(KillWorld(lan: lan, registry: registry, stages: Pool(stages)))
        }
    }

    private init(lan: LAN, registry: FaultRegistry, stages: Pool<Stage>) {
        self.lan = lan
        self.registry = registry
        self.stages = stages
    }

    /// Runs a trial on a node that is free. An agent that a trial left dead is started for the next.
    func onStage(_ body: (Node) async throws -> Trial) async throws -> Trial {
        let stage = await stages.take()
        do {
            try await stage.refresh()
            if try !stage.node.agent.isRunning { try await stage.node.startAgent() }
            let trial = try await body(stage.node)
            await stages.giveBack(stage)
            return trial
        } catch {
            await stages.giveBack(stage)
            throw error
        }
    }

    /// Kills the agent at some moment of a work, starts it again, and looks at every blob on the disk.
    func kill(
        _ node: Node, after delay: Duration, of image: FaultImage,
        work: @escaping @Sendable () async -> RuntimeClient.Outcome
    ) async throws -> Trial {
        var trial = Trial()
        let before = StoreWalk.walk(node).held
        async let outcome = work()
        try await Task.sleep(for: delay)
        try await node.killAgent()
        trial.outcome = await outcome
        try await node.startAgent()
        let after = StoreWalk.walk(node)
        trial.lost = before.subtracting(after.held).sorted()
        trial.damaged = after.damaged
        await node.recovers(image, &trial)
        trial.complaints = try await StoreWalk.verify(node)
        return trial
    }
}
