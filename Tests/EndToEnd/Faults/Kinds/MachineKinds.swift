import Glibc

/// What befalls whole machines and processes around a pull: all of it among the nodes of a ``ProxyWorld``.
enum MachineKinds {
    typealias Kind = FaultKind<ProxyWorld>

    static let all: [Kind] = [
        around("the node's link goes down", heals: .soon) { world in
            try await world.taker.machine.plug(false)
        } heal: { world in
            try await world.taker.machine.plug(true)
        },
        around("a holder's link goes down", holders: 2) { world in
            try await world.holders[0].machine.plug(false)
        } heal: { world in
            try await world.holders[0].machine.plug(true)
        },
        around("every holder's link goes down", holders: 2) { world in
            for holder in world.holders { try await holder.machine.plug(false) }
        } heal: { world in
            for holder in world.holders { try await holder.machine.plug(true) }
        },
        around("a holder is killed", holders: 2) { world in
            try await world.holders[0].killAgent()
        } heal: { world in
            try await world.holders[0].startAgent()
        },
        around("every holder is killed", holders: 2) { world in
            for holder in world.holders { try await holder.killAgent() }
        } heal: { world in
            for holder in world.holders { try await holder.startAgent() }
        },
        around("a holder is paused", holders: 2) { world in
            try world.holders[0].agent.send(SIGSTOP)
        } heal: { world in
            try world.holders[0].agent.send(SIGCONT)
        },
        around("the node is paused", heals: .soon) { world in
            try world.taker.agent.send(SIGSTOP)
        } heal: { world in
            try world.taker.agent.send(SIGCONT)
        },
        around("the registry is killed", heals: .soon) { world in
            try await world.registry.kill()
        } heal: { world in
            try await world.registry.start()
        },
        around("the registry is killed beside holders", holders: 2) { world in
            try await world.registry.kill()
        } heal: { world in
            try await world.registry.start()
        },
        around("out of file descriptors, from upstream", heals: .late) { world in
            try await world.taker.leaveFiles(2)
        } heal: { world in
            try await world.taker.leaveFiles(nil)
        },
        around("out of file descriptors, from peers", holders: 2) { world in
            try await world.taker.leaveFiles(2)
        } heal: { world in
            try await world.taker.leaveFiles(nil)
        },
        around("a holder is out of file descriptors", holders: 1) { world in
            try await world.holders[0].leaveFiles(1)
        } heal: { world in
            try await world.holders[0].leaveFiles(nil)
        },
        crowd(holders: 0), crowd(holders: 2),
    ]

    private enum Healing {
        /// When the client has done.
        case late
        /// While it waits: nobody else could help it, so it may also give up, and must get there afterwards.
        case soon
    }

    private static func around(
        _ name: String, holders: Int = 0, heals: Healing = .late,
        _ strike: @escaping @Sendable (ProxyWorld) async throws -> Void,
        heal: @escaping @Sendable (ProxyWorld) async throws -> Void
    ) -> Kind {
        Kind(name: name, expectation: heals == .soon ? .mayFail : .completes, cost: 15, isAlone: true) { world, dice in
            let registry = world.nextName().name
            let sizes = (0..<3).map { _ in Int.random(in: 100_000...9_000_000, using: &dice) }
            let image = try world.registry.image(sizes, &dice)
            defer { world.registry.forget(image) }
            for holder in world.holders.prefix(holders) { try await world.give(image, to: holder, as: registry) }
            let delay = Duration.milliseconds(Int.random(in: 0...200, using: &dice))
            let pause = Duration.milliseconds(Int.random(in: 200...3000, using: &dice))
            var trial = Trial()
            async let outcome = world.taker.client(registry).pull(image)
            try await Task.sleep(for: delay)
            try await strike(world)
            if heals == .soon {
                try await Task.sleep(for: pause)
                try await heal(world)
            }
            trial.outcome = await outcome
            if heals == .late { try await heal(world) }
            await world.taker.recovers(image, from: registry, &trial)
            world.look(at: image, heldBy: world.holders.prefix(holders), &trial)
            return trial
        }
    }

    /// 10,000 requests of 500 clients at once, for an image that the node does not have yet.
    private static func crowd(holders: Int) -> Kind {
        let source = holders == 0 ? "upstream" : "peers"
        return Kind(
            name: "10,000 requests of 500 clients at once, from \(source)", expectation: .completes, cost: 40,
            isAlone: true
        ) { world, dice in
            let registry = world.nextName().name
            let image = try world.registry.image([6_000_000, 900_000, 30_000], &dice)
            defer { world.registry.forget(image) }
            for holder in world.holders.prefix(holders) { try await world.give(image, to: holder, as: registry) }
            let client = world.taker.client(registry)
            let seed = dice.next()
            var trial = Trial()
            await withTaskGroup(of: RuntimeClient.Outcome.self) { group in
                for number in 0..<500 {
                    group.addTask { await client.ask(20, for: image, SplitMix(seed &+ UInt64(number))) }
                }
                for await outcome in group { trial.outcome.add(outcome) }
            }
            await world.taker.recovers(image, from: registry, &trial)
            world.look(at: image, heldBy: world.holders.prefix(holders), &trial)
            return trial
        }
    }
}

extension RuntimeClient {
    /// So many requests, one after the other: manifests, configurations, and parts of layers.
    fileprivate func ask(_ count: Int, for image: FaultImage, _ dice: SplitMix) async -> Outcome {
        var dice = dice
        var outcome = Outcome()
        for _ in 0..<count {
            switch Int.random(in: 0..<10, using: &dice) {
            case 0: outcome.add(await object(image, "manifests/\(FaultImage.tag)", image.manifest))
            case 1: outcome.add(await object(image, "blobs/\(image.config.digest)", image.config))
            default:
                let layer = image.layers.randomElement(using: &dice) ?? image.config
                let start = Int.random(in: 0..<layer.bytes.count, using: &dice)
                let end = min(layer.bytes.count, start + Int.random(in: 1...32_000, using: &dice))
                outcome.add(await object(image, "blobs/\(layer.digest)", layer, start..<end))
            }
        }
        return outcome
    }
}

extension Node {
    /// Bounds the descriptors of the agent to so many more than it has; nil: as many as it may have.
    fileprivate func leaveFiles(_ more: Int?) async throws {
        let pid = try agent.pid
        let open = try await Command(["sh", "-c", "ls /proc/\(pid)/fd | wc -l"]).run()
        let used = Int(open.filter(\.isNumber)) ?? 0
        let limit =
            if let more { "\(used + more)" } else {
                try await Command(["prlimit", "--pid", "\(pid)", "--nofile", "--output", "HARD", "--noheadings"])
                    .run().filter(\.isNumber)
            }
        try await Command(["prlimit", "--pid", "\(pid)", "--nofile=\(limit):"]).run()
    }
}
