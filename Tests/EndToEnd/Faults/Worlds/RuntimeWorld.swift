import Testing

/// A node that pulls, and one that offers what its containerd holds. They find each other by mDNS alone, and live by clocks of their own.
struct RuntimeWorld: Sendable {
    struct Machinery: Sendable {
        let node: Node
        let avahi: Avahi
        let clock: JumpingClock
        let containerd: Containerd
    }

    let registry: FaultRegistry
    let taker: Machinery
    let holder: Machinery

    static func with(_ test: (RuntimeWorld) async throws -> Void) async throws {
        try await LAN.with { lan in
            let registry = try await FaultRegistry(lan)
            let key = try await lan.clusterKey()
            let taker = try await machinery(lan, key: key)
            let holder = try await machinery(lan, key: key)
            try await lan.see(
                MDNSNode(node: taker.node, avahi: taker.avahi), MDNSNode(node: holder.node, avahi: holder.avahi))
            try await test(RuntimeWorld(registry: registry, taker: taker, holder: holder))
        }
    }

    private static func machinery(_ lan: LAN, key: String) async throws -> Machinery {
        var configuration = AgentConfiguration.besideContainerd
        configuration.keyFile = key
        configuration.tables = "[discovery]\nbroadcast = false\n"
        var parts: (Avahi, JumpingClock)?
        let node = try await lan.node(configuration) { machine, configuration in
            let avahi = try Avahi(on: machine, lan: lan, folder: "\(lan.folder.path)/\(machine.name)")
            let clock = try await JumpingClock(in: "\(lan.folder.path)/\(machine.name)")
            configuration.environment = avahi.environment.merging(clock.environment) { $1 }
            try await avahi.startBus()
            try avahi.startDaemon()
            try await avahi.settles()
            parts = (avahi, clock)
        }
        let (avahi, clock) = try #require(parts)
        return Machinery(node: node, avahi: avahi, clock: clock, containerd: try await Containerd(on: node))
    }

    /// A pull of what the other node's containerd holds, and something that happens meanwhile.
    func pull(
        _ dice: inout SplitMix, strike: (RuntimeWorld) async throws -> Void,
        heal: (RuntimeWorld) async throws -> Void
    ) async throws -> Trial {
        let sizes = (0..<3).map { _ in Int.random(in: 100_000...7_000_000, using: &dice) }
        let image = try registry.image(sizes, &dice)
        defer { registry.forget(image) }
        try await holder.containerd.pull("registry.test/\(image.repository):\(FaultImage.tag)")
        for blob in image.everything {
            try await eventually("the holder's image is heard of", within: .seconds(90), every: .milliseconds(50)) {
                try await taker.node.knows(blob.digest, on: holder.node)
            }
        }
        let delay = Duration.milliseconds(Int.random(in: 0...150, using: &dice))
        var trial = Trial()
        async let outcome = taker.node.client().pull(image)
        try await Task.sleep(for: delay)
        try await strike(self)
        trial.outcome = await outcome
        try await heal(self)
        await taker.node.recovers(image, &trial)
        for node in [taker.node, holder.node] { trial.damaged += StoreWalk.walk(node).damaged }
        trial.complaints += try await StoreWalk.verify(taker.node)
        trial.complaints += try await StoreWalk.verify(holder.node)
        return trial
    }

    /// A pull by a real containerd, and something that happens meanwhile. It may fail where it is its own containerd that breaks.
    func pullForReal(
        _ dice: inout SplitMix, strike: (RuntimeWorld) async throws -> Void,
        heal: (RuntimeWorld) async throws -> Void
    ) async throws -> Trial {
        let sizes = (0..<3).map { _ in Int.random(in: 100_000...7_000_000, using: &dice) }
        let image = try registry.image(sizes, &dice)
        defer { registry.forget(image) }
        let name = "registry.test/\(image.repository):\(FaultImage.tag)"
        let delay = Duration.milliseconds(Int.random(in: 50...400, using: &dice))
        var trial = Trial()
        let pull = try taker.containerd.startPull(name)
        try await Task.sleep(for: delay)
        try await strike(self)
        let exit = try await pull.wait(within: .seconds(150))
        try await heal(self)
        let start = ContinuousClock.now
        if exit != .code(0) { trial.outcome.problems.append("the first pull ended with \(exit)") }
        // ctr looks at each digest.
        try await taker.containerd.pull(name)
        trial.healthy = .now - start
        let held = try await taker.containerd.content()
        trial.lost = image.everything.map(\.digest).filter { !held.contains($0) }
        trial.complaints = try await StoreWalk.verify(taker.node)
        try await taker.containerd.remove(name)
        return trial
    }
}
