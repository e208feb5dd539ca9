import Testing

extension EndToEnd {
    /// Every source in every way, processes, disks and machines: what breaks, and what comes of the pulls.
    @Suite(
        .serialized,
        .needs(
            .root, .sandbox, .agent, .program("docker-registry"), .program("containerd"), .program("avahi-daemon"),
            .program("dbus-daemon"), .program("prlimit"), .program("clang"), .program("curl")))
    struct FaultTests {
        /// Trials that go on beside each other where a fault befalls one image only.
        private static let beside = 6

        @Test("whatever breaks, pulls complete where they can, no byte is wrong, no blob is lost, and it is well again")
        func everything() async throws {
            let plan = FaultPlan.environment
            let table = FaultTable(plan)
            let proxied = ProxyKinds.all
            await Self.run(plan, table, proxied, budget: 600, whole: 3, beside: Self.beside, ProxyWorld.with)
            await Self.run(plan, table, MachineKinds.all, budget: 100, whole: 4, ProxyWorld.with)
            await Self.run(plan, table, KillKinds.all, budget: 80, whole: 20, beside: 2, KillWorld.with)
            await Self.run(plan, table, DiskKinds.all, budget: 100, whole: 6, DiskWorld.with)
            await Self.run(plan, table, RuntimeKinds.all, budget: 60, whole: 4, RuntimeWorld.with)
            table.printAll()
            table.judgeKinds()
            if plan.isWhole, plan.filter == nil, plan.times == nil {
                #expect(table.kinds >= 60)
                #expect(table.trials >= 1000)
            }
        }

        /// Tries kinds of one world, those first that may go on beside each other.
        private static func run<World: Sendable>(
            _ plan: FaultPlan, _ table: FaultTable, _ kinds: [FaultKind<World>], budget: Double, whole: Int,
            beside: Int = 1, _ open: ((World) async throws -> Void) async throws -> Void
        ) async {
            let chosen = plan.choose(kinds, budget: budget, whole: whole)
            guard !chosen.isEmpty else { return }
            let start = ContinuousClock.now
            do {
                try await open { world in
                    let trials = chosen.flatMap { kind, times in (0..<times).map { (kind, $0) } }
                    await withTaskGroup(of: Void.self) { group in
                        for (place, (kind, number)) in trials.filter({ !$0.0.isAlone }).enumerated() {
                            if place >= beside { await group.next() }
                            group.addTask { await attempt(kind, number, plan, table, world) }
                        }
                    }
                    for (kind, number) in trials where kind.isAlone {
                        await attempt(kind, number, plan, table, world)
                    }
                }
            } catch {
                Issue.record("\(World.self): \(error)")
            }
            report("\(World.self)", .now - start)
        }

        private static func attempt<World: Sendable>(
            _ kind: FaultKind<World>, _ number: Int, _ plan: FaultPlan, _ table: FaultTable, _ world: World
        ) async {
            var dice = SplitMix(plan.seed &+ UInt64(number), kind.name)
            do {
                table.enter(try await kind.trial(world, &dice), of: kind, number: number)
            } catch {
                table.enter(error, of: kind, number: number)
            }
        }
    }
}
