import FoundationEssentials
import Synchronization
import Testing

/// One node that pulls, two that may hold what it wants, a registry; and a relay before each source.
struct ProxyWorld: Sendable {
    enum Source: String, Sendable, CaseIterable {
        /// Nobody else has it.
        case upstream
        /// One of two holders; the other and upstream are well.
        case peer = "a peer"
        /// Both holders; upstream is well.
        case peers = "every peer"
        /// Upstream, and a holder is well.
        case upstreamBesidePeer = "upstream beside a peer"

        /// Whether it is peers that misbehave.
        var isPeer: Bool { self == .peer || self == .peers }
    }

    /// Names under which the same registry is known, so that what an agent remembers of one trial's is not the next one's.
    static let names = (0..<256).map { "r\($0).test" }
    private static let upstreamPorts = [80] + (8001..<8016).map(UInt16.init)

    let lan: LAN
    let registry: FaultRegistry
    /// Before the registry, one for every sixteenth of its names: who waits for a silent one takes no connection from others.
    let upstreams: [FaultRelay]
    let taker: Node
    let holders: [Node]
    let relays: [FaultRelay]
    private let turns = Turns()

    private final class Turns: Sendable {
        private let count = Mutex(0)

        func next() -> Int {
            count.withLock { count in
                count += 1
                return count
            }
        }
    }

    /// The registry's next name, the one that was not used for longest, and what stands before it there.
    func nextName() -> (name: String, relay: FaultRelay) {
        let number = turns.next() % Self.names.count
        return (Self.names[number], upstreams[number % upstreams.count])
    }

    static func with(_ test: (ProxyWorld) async throws -> Void) async throws {
        try await LAN.with { lan in
            let registry = try await FaultRegistry(lan)
            var upstreams: [FaultRelay] = []
            for port in upstreamPorts {
                upstreams.append(
                    try await FaultRelay(on: nil, at: "10.77.0.1", port: port, source: ("10.77.0.2", 80)))
            }
            var configuration = AgentConfiguration()
            configuration.keyFile = try await lan.clusterKey()
            configuration.tables = "[store]\ncapacity = \"600MB\"\n"
            configuration.upstreams = Dictionary(
                uniqueKeysWithValues: (names + ["registry.test"]).map { ($0, "http://registry.test") })
            var holders: [Node] = []
            var relays: [FaultRelay] = []
            for _ in 0..<2 {
                // What other nodes reach at the agent's port is the relay.
                var configuration = configuration
                configuration.peers = #"listen = ["127.0.0.1:5051"]"# + "\n" + #"allow = ["any"]"#
                let node = try await lan.idleNode(configuration)
                relays.append(
                    try await FaultRelay(
                        on: node.name, at: node.machine.address, port: 5051, source: ("127.0.0.1", 5051)))
                try await node.startAgent()
                holders.append(node)
            }
            configuration.upstreams = Dictionary(
                uniqueKeysWithValues: names.enumerated().map { number, name in
                    (name, "http://proxy.test:\(upstreamPorts[number % upstreamPorts.count])")
                } + [("registry.test", "http://proxy.test")])
            let taker = try await lan.node(configuration)
            let nodes = holders + [taker]
            try await eventually("the nodes find each other", within: .seconds(60), every: .milliseconds(200)) {
                for node in nodes where try await node.status().peers.count < 2 { return false }
                return true
            }
            let world = ProxyWorld(
                lan: lan, registry: registry, upstreams: upstreams, taker: taker, holders: holders, relays: relays)
            defer { for relay in relays + upstreams { relay.stop() } }
            try await test(world)
            for node in nodes {
                let damaged = try await StoreWalk.verify(node)
                #expect(damaged.isEmpty)
            }
        }
    }

    /// A pull of a new image from sources of which some misbehave. Of two holders the other one may have been asked: then once more.
    /// - Parameters:
    ///   - times: how often each does at most; nil: until the client has done.
    ///   - getsBetter: whether what is silent or drips does so after a while.
    func pull(
        _ ask: RuntimeClient.Ask, from source: Source, that commits: Misdeed, times: Int?, getsBetter: Bool = true,
        _ dice: inout SplitMix
    ) async throws -> Trial {
        if source != .upstream { try await forgive() }
        var tries = 4
        while true {
            tries -= 1
            let trial = try await pullOnce(
                ask, from: source, that: commits, times: times, getsBetter: getsBetter, &dice)
            if trial.struck || tries == 0 { return trial }
        }
    }

    /// Who has lied of two blobs is asked for nothing for ten minutes; a new agent does not know of it.
    private func forgive() async throws {
        guard try await taker.status().warnings.contains(where: { $0.contains("asked for anything") }) else { return }
        try await taker.stopAgent()
        try await taker.startAgent()
        try await eventually("the node finds the others again", within: .seconds(60), every: .milliseconds(100)) {
            try await taker.status().peers.count == holders.count
        }
    }

    private func pullOnce(
        _ ask: RuntimeClient.Ask, from source: Source, that commits: Misdeed, times: Int?, getsBetter: Bool,
        _ dice: inout SplitMix
    ) async throws -> Trial {
        var size = Int.random(in: 3...90, using: &dice) * 100_000 + Int.random(in: 0..<512, using: &dice)
        // Only who wants the end of something large asks for a range of it.
        if commits.way == .ignoresRange { size += 9_000_000 }
        let (name, upstream) = nextName()
        let image = try registry.image([size], &dice)
        defer { registry.forget(image) }
        let holders = source == .upstream ? [] : source == .upstreamBesidePeer ? [self.holders[0]] : self.holders
        for holder in holders { try await give(image, to: holder, as: name) }

        var trial = Trial()
        let bad =
            switch source {
            case .upstream, .upstreamBesidePeer: [upstream]
            case .peer: [relays[0]]
            case .peers: relays
            }
        let targets = targets(image, ask, of: source, commits.way)
        let rules = bad.flatMap { relay in
            targets.map { (relay, relay.commit(commits, against: $0, times: times ?? .max)) }
        }
        let struckMeanwhile = Mutex(0)
        if commits.way == .refuses { for relay in bad { relay.refuse() } }
        // What drips or is silent for ever is no answer that anybody could wait for: upstream gets better after a while, which is longer
        // than an agent waits for a word of it.
        let healing = Task {
            guard getsBetter, source == .upstream, commits.way == .trickles || commits.way == .stalls else { return }
            try await Task.sleep(for: commits.way == .stalls ? .seconds(40) : .seconds(4))
            for (relay, rule) in rules { struckMeanwhile.withLock { $0 += relay.heal(rule) } }
        }
        if commits.way == .ignoresRange, let layer = image.layers.first {
            let end = layer.bytes.count - 1000..<layer.bytes.count
            trial.outcome = await taker.client(name).object(image, "blobs/\(layer.digest)", layer, end)
        }
        trial.outcome.add(await taker.client(name).pull(image, ask))
        healing.cancel()
        if source == .upstream, ask == .range {
            // A part of a blob is upstream's word and nothing else until all of it is here.
            trial.outcome.spoilt += trial.outcome.wrong
            trial.outcome.wrong = 0
        }
        let struck = rules.reduce(struckMeanwhile.withLock { $0 }) { $0 + $1.0.heal($1.1) }
        trial.struck = struck > 0 || commits.way == .refuses
        if commits.way == .refuses {
            for relay in bad { try await relay.open() }
        }
        await taker.recovers(image, from: name, &trial)
        look(at: image, heldBy: holders[...], &trial)
        return trial
    }

    /// What the nodes' disks have of an image.
    func look(at image: FaultImage, heldBy holders: ArraySlice<Node>, _ trial: inout Trial) {
        for node in holders + [taker] {
            for blob in image.everything {
                switch StoreWalk.isRight(node, blob.digest) {
                case true: break
                case false: trial.damaged.append("\(blob.digest) on \(node.name)")
                case nil where node !== taker: trial.lost.append("\(blob.digest) on \(node.name)")
                case nil: break
                }
            }
        }
    }

    private func targets(
        _ image: FaultImage, _ ask: RuntimeClient.Ask, of source: Source, _ way: Misdeed.Way
    ) -> [FaultRelay.Target] {
        switch (ask, source) {
        case (.manifest, .upstream), (.manifest, .upstreamBesidePeer):
            [.init(part: "\(image.repository)/manifests/")]
        case (.manifest, _): [.init(part: image.manifest.digest)]
        default: [.init(part: "blobs/\(image.layers[0].digest)", rangesOnly: way == .ignoresRange)]
        }
    }

    /// Lets a node hold an image, and the taker know of it.
    func give(_ image: FaultImage, to holder: Node, as name: String) async throws {
        try await eventually("\(holder.name) holds the image", within: .seconds(90), every: .milliseconds(200)) {
            let had = await holder.client(name).pull(image)
            return had.isComplete && image.everything.allSatisfy { StoreWalk.isRight(holder, $0.digest) == true }
        }
        for blob in image.everything {
            try await eventually(
                "\(taker.name) hears that \(holder.name) holds it", within: .seconds(90), every: .milliseconds(30)
            ) { try await taker.knows(blob.digest, on: holder) }
        }
    }
}
