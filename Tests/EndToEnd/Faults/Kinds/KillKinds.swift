import FoundationEssentials

/// kill -9 at random points of what an agent writes, and the next agent on the same disk.
enum KillKinds {
    typealias Kind = FaultKind<KillWorld>

    static let all = [
        pull("killed in a download", layers: 1...2, bytes: 4_000_000...16_000_000, within: 450),
        pull("killed in a commit", layers: 12...30, bytes: 1_000...60_000, within: 220),
        pull("killed while the spool's journal is written", layers: 3...4, bytes: 5_000_000...9_000_000, within: 700),
        journal, push(inParts: false), push(inParts: true), collection, start,
    ]

    private static func pull(
        _ name: String, layers: ClosedRange<Int>, bytes: ClosedRange<Int>, within limit: Int
    ) -> Kind {
        Kind(name: name, expectation: .completes, cost: 5) { world, dice in
            let sizes = (0..<Int.random(in: layers, using: &dice)).map { _ in Int.random(in: bytes, using: &dice) }
            let image = try world.registry.image(sizes, &dice)
            defer { world.registry.forget(image) }
            let delay = Duration.milliseconds(Int.random(in: 0...limit, using: &dice))
            return try await world.onStage { node in
                try await world.kill(node, after: delay, of: image) { await node.client().pull(image) }
            }
        }
    }

    /// The journal of pulls is written at the end of each: so many small ones.
    private static let journal = Kind(
        name: "killed while the journal of pulls is written", expectation: .completes, cost: 5
    ) { world, dice in
        let images = try (0..<6).map { _ in
            try world.registry.image([Int.random(in: 500...20_000, using: &dice)], &dice)
        }
        defer { for image in images { world.registry.forget(image) } }
        let delay = Duration.milliseconds(Int.random(in: 5...150, using: &dice))
        return try await world.onStage { node in
            try await world.kill(node, after: delay, of: images[0]) {
                var outcome = RuntimeClient.Outcome()
                for image in images { outcome.add(await node.client().pull(image)) }
                return outcome
            }
        }
    }

    private static func push(inParts: Bool) -> Kind {
        Kind(name: "killed in a push\(inParts ? " in parts" : "")", expectation: .completes, cost: 5) { world, dice in
            let sizes = (0..<Int.random(in: 1...5, using: &dice)).map { _ in
                Int.random(in: 1_000...3_000_000, using: &dice)
            }
            let image = FaultImage("team/t\(dice.next() % 1_000_000_000)", layerBytes: sizes, seed: dice.next())
            let delay = Duration.milliseconds(Int.random(in: 0...160, using: &dice))
            return try await world.onStage { node in
                var trial = Trial()
                let before = StoreWalk.walk(node).held
                async let pushed = node.pusher.push(image, inParts: inParts)
                try await Task.sleep(for: delay)
                try await node.killAgent()
                let first = await pushed
                try await node.startAgent()
                let after = StoreWalk.walk(node)
                trial.lost = before.subtracting(after.held).sorted()
                trial.lost += await node.missing(first.acknowledged, of: image)
                trial.damaged = after.damaged
                let start = ContinuousClock.now
                let second = await node.pusher.push(image, inParts: inParts)
                trial.outcome.isComplete = second.isWhole(image)
                trial.outcome.problems = first.problems + second.problems
                if second.isWhole(image) { trial.healthy = .now - start }
                trial.lost += await node.missing(Set(image.everything.map(\.digest)), of: image)
                trial.complaints = try await StoreWalk.verify(node)
                return trial
            }
        }
    }

    private static let collection = Kind(name: "killed in a collection", expectation: .completes, cost: 8) {
        world, dice in
        let images = (0..<10).map { _ in
            FaultImage(
                "team/t\(dice.next() % 1_000_000_000)", layerBytes: [3_000, 4_000, 5_000, 70_000], seed: dice.next())
        }
        let delay = Duration.milliseconds(Int.random(in: 30...260, using: &dice))
        return try await world.onStage { node in
            var trial = Trial()
            for image in images {
                guard await node.pusher.push(image, inParts: false).isWhole(image) else {
                    throw HarnessError("cannot push what is to be collected")
                }
            }
            for image in images.prefix(7) {
                let result = try await node.shoal("rm", "localhost:5050/\(image.repository):\(FaultImage.tag)")
                guard result.succeeded else { throw HarnessError("shoal rm: \(result.errors)") }
            }
            let collection = Task { try await node.shoal("gc", "--grace", "0") }
            try await Task.sleep(for: delay)
            try await node.killAgent()
            _ = try await collection.value
            try await node.startAgent()
            trial.damaged = StoreWalk.walk(node).damaged
            let start = ContinuousClock.now
            for image in images.suffix(3) {
                trial.lost += await node.missing(Set(image.everything.map(\.digest)), of: image)
            }
            let again = try await node.shoal("gc", "--grace", "0")
            if again.succeeded {
                trial.healthy = .now - start
            } else {
                trial.complaints.append("shoal gc: \(again.errors)")
            }
            for image in images.suffix(3) {
                trial.lost += await node.missing(Set(image.everything.map(\.digest)), of: image)
            }
            trial.outcome.isComplete = trial.lost.isEmpty
            trial.complaints += try await StoreWalk.verify(node)
            return trial
        }
    }

    /// Killed in a download, and once more while the next agent looks at what that left.
    private static let start = Kind(name: "killed while it starts", expectation: .completes, cost: 6) { world, dice in
        let image = try world.registry.image([9_000_000, 6_000_000], &dice)
        defer { world.registry.forget(image) }
        let delays = [Int.random(in: 100...350, using: &dice), Int.random(in: 0...250, using: &dice)]
            .map { Duration.milliseconds($0) }
        return try await world.onStage { node in
            let before = try node.agent.pid
            async let first = node.client().pull(image)
            try await Task.sleep(for: delays[0])
            try await node.killAgent()
            let outcome = await first
            let starting = Task { try await node.startAgent() }
            try await eventually("the next agent's process is there", within: .seconds(30)) {
                try node.agent.pid != before
            }
            var trial = try await world.kill(node, after: delays[1], of: image) {
                // It is not there to answer yet: what it says later is looked at then.
                RuntimeClient.Outcome()
            }
            // It ended while it was waited for.
            _ = try? await starting.value
            trial.outcome.add(outcome)
            return trial
        }
    }
}
