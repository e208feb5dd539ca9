import Glibc
import Testing

extension EndToEnd {
    /// Strangers on the LAN who mean harm. What they send costs little, and honest nodes go on.
    @Suite(
        .serialized,
        .needs(.root, .sandbox, .agent, .program("docker-registry"), .program("containerd"), .program("nft")))
    struct HostileTests {
        @Test(
            "random, cut, oversized and replayed datagrams and a flood of node ids cost little",
            arguments: [false, true])
        func floods(withKey: Bool) async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                _ = try await lan.registry()
                let nodes = withKey ? try await lan.trustedNodes(2) : try await lan.nodes(2)
                try await nodes[0].copyThroughMirror(image)
                try await nodes[1].hears(of: nodes[0], holding: image.blobs.count + 1)
                let memory = try nodes[1].residentMemory()
                let processor = try nodes[1].processorTime()
                let attack = try Attack()
                let sent = try await attack.run(for: .seconds(5))
                let spent = try nodes[1].processorTime() - processor
                let grown = try nodes[1].residentMemory() - memory
                print("  measured: \(sent) hostile datagrams: \(grown >> 10) KiB more, \(spent) s of processor time")
                #expect(grown < 64 << 20)
                #expect(spent < 4, "five seconds of a flood")
                // Sixteen a sender; with a key nobody.
                let peers = try await nodes[1].status().peers
                #expect(peers.count <= 1 + (withKey ? 0 : 16))
                #expect(peers.contains { $0.name == nodes[0].name && $0.state == "alive" })

                // While it goes on.
                async let flood = attack.run(for: .seconds(3))
                try await nodes[1].pullFromPeers(image)
                _ = try await flood
                #expect(try nodes[0].agent.isRunning && nodes[1].agent.isRunning)
            }
        }

        @Test("an inventory that never ends is read to a bound, and takes nothing from honest nodes")
        func endlessInventory() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let registry = try await lan.registry()
                let nodes = try await lan.nodes(2)
                try await nodes[0].copyThroughMirror(image)
                try await LyingPeer.with { liar in
                    try await liar.isRead(by: nodes[1])
                    let report = try await nodes[1].status()
                    #expect(try #require(report.peers.first { $0.name == "stranger" }).blobs <= 100_000)
                    #expect(liar.pages <= 64)
                    let peak = try nodes[1].peakMemory()
                    print("  measured: \(liar.pages) pages read, at most \(peak >> 20) MiB")
                    #expect(peak < 256 << 20)
                    try await nodes[1].hears(of: nodes[0], holding: image.blobs.count + 1)
                    try await registry.switchOff()
                    try await Containerd(on: nodes[1]).pull(image.pinned())
                    #expect(try await nodes[1].status().bytes.upstream == 0)
                }
            }
        }

        @Test(
            "to a question under a forged address no more goes out than came in",
            arguments: [(1, 0), (1, 90), (1, 600), (8, 0)])
        func forgedQuestions(each: Int, padding: Int) async throws {
            try await LAN.with { lan in
                // As many as are answered at once, each for other blobs: what was just asked for is not answered again.
                let questions = 90
                var configuration = AgentConfiguration()
                configuration.tables = "[share]\ninclude = [\"localhost:5050/*\"]\n"
                let node = try await lan.node(configuration)
                var archive = ImageArchive()
                let image = try archive.add("localhost:5050/team/app:v1", layers: questions * each, layerBytes: 1 << 10)
                let file = lan.folder.path + "/image.tar"
                try archive.write(to: file)
                let loaded = try await node.shoal("load", file)
                #expect(loaded.succeeded, "\(loaded.errors)")
                try await eventually("the agent offers the image", within: .seconds(60)) {
                    try await node.status().shared.blobs >= image.blobs
                }
                let victim = try await lan.machine("victim", "10.77.0.99")
                let rules =
                    "add table ip t; add chain ip t in { type filter hook input priority 0; }; "
                    + "add chain ip t out { type filter hook output priority 0; }; "
                    + "add rule ip t in ip saddr \(victim.address) udp dport 5051 counter; "
                    + "add rule ip t out ip daddr \(victim.address) ip protocol udp counter"
                let counters = ["nsenter", "--net=/run/netns/\(node.name)", "nft"]
                try await Command(counters + [rules]).run()
                let sender = try RawSender()
                let digests = image.layers.map { [UInt8](digest: $0) }
                for number in 0..<questions {
                    let asked = Array(digests[number * each..<(number + 1) * each])
                    let question = WireBeacon.whoHas(
                        node: WireBeacon.randomNode(), digests: asked, padding: padding)
                    sender.send(question, to: node.machine.address, forging: victim.address, 4242)
                }
                // Answers are delayed by 20 ms at most; whoever asks now is answered after them.
                let (came, left) = try await settled {
                    try await Self.counted(Command(counters + ["list", "table", "ip", "t"]).run())
                }
                print("  measured: \(came) bytes of forged questions, \(left) bytes of answers")
                // With the headers of IP and UDP.
                let bare = WireBeacon.whoHas(
                    node: WireBeacon.randomNode(), digests: Array(digests[..<each]), padding: 0)
                #expect(came >= questions * (28 + bare.count))
                #expect(left <= came)
                // Where there is room more is said than a question without padding has: it is the rule that holds it.
                if padding > 500 { #expect(left > questions * (28 + bare.count)) }
            }
        }

        @Test(
            "however many nodes strangers invent at a third party's address, few connections are tried there",
            arguments: [false, true])
        func inventedNodes(areIntroduced: Bool) async throws {
            try await LAN.with { lan in
                let node = try await lan.node()
                let victim = try await lan.machine("victim", "10.77.0.99")
                let counters = ["nsenter", "--net=/run/netns/\(node.name)", "nft"]
                let rules =
                    "add table ip t; add chain ip t out { type filter hook output priority 0; }; "
                    + "add rule ip t out ip daddr \(victim.address) tcp flags & (syn | ack) == syn counter"
                try await Command(counters + [rules]).run()
                func tried() async throws -> Int {
                    let words = try await Command(counters + ["list", "table", "ip", "t"]).run().split {
                        $0 == " " || $0 == "\n"
                    }
                    return try #require(words.firstIndex(of: "packets").flatMap { Int(words[$0 + 1]) })
                }
                let sender = try RawSender()
                let stranger = WireBeacon.randomNode()
                var sent: UInt64 = 0
                func send() {
                    sent += 1
                    if areIntroduced {
                        let own = WireBeacon.hello(node: stranger, sequence: 2 * sent, port: 5999, version: 0)
                        sender.send(own, to: node.machine.address)
                        let told = WireBeacon.introduction(
                            by: stranger, sequence: 2 * sent + 1, of: 14, at: victim.address)
                        sender.send(told, to: node.machine.address)
                    } else {
                        let hello = WireBeacon.hello(node: WireBeacon.randomNode(), port: 5051, version: 1)
                        sender.send(hello, to: node.machine.address, forging: victim.address, 5051)
                    }
                }
                let began = ContinuousClock.now
                try await eventually(
                    "a connection was tried, and ten seconds are over", within: .seconds(30), every: .milliseconds(50)
                ) {
                    send()
                    guard began.duration(to: .now) > .seconds(10) else { return false }
                    return try await tried() > 1
                }
                let count = try await tried()
                print("  measured: \(sent) datagrams, \(count) connections")
                // After 0, 0.25, 0.75, 1.75, 3.75 and 7.75 seconds.
                #expect(count <= 8)
                #expect(sent > 50)
            }
        }

        /// Bytes that nft counted, in the order of its rules.
        private static func counted(_ listing: String) throws -> (Int, Int) {
            let counts = listing.split(separator: "\n").compactMap { line -> Int? in
                let words = line.split(separator: " ")
                return words.lastIndex(of: "bytes").flatMap { Int(words[$0 + 1]) }
            }
            guard counts.count == 2 else { throw HarnessError("not what nft lists:\n\(listing)") }
            return (counts[0], counts[1])
        }
    }
}

/// Asks until the answer is the same twice, half a second apart.
private func settled<Value: Equatable>(_ ask: () async throws -> (Value, Value)) async throws -> (Value, Value) {
    var last = try await ask()
    try await eventually("nothing changes any more", every: .milliseconds(500)) {
        let now = try await ask()
        defer { last = now }
        return now == last
    }
    return last
}

/// Everything at once that can be sent to UDP 5051 to do harm.
private struct Attack {
    private let sender: RawSender
    /// Blobs that nobody has.
    private let digests = (0..<200).map { _ in (0..<32).map { _ in UInt8.random(in: 0...255) } }
    /// Nodes that are let in, and then want everything.
    private let greedy = (0..<8).map { _ in WireBeacon.randomNode() }
    /// What honest nodes say, to be said again.
    private let recording: Recording

    init() throws {
        sender = try RawSender()
        recording = try Recording()
    }

    /// Returns how many datagrams were sent.
    func run(for duration: Duration) async throws -> Int {
        let clock = ContinuousClock()
        let end = clock.now + duration
        var sent = 0
        while clock.now < end {
            for _ in 0..<100 {
                sender.send(next(), to: "10.77.0.255")
                sent += 1
            }
            // Some thousands a second: more than the rules let through.
            try await clock.sleep(for: .milliseconds(10))
        }
        return sent
    }

    private func next() -> [UInt8] {
        let first = Int.random(in: 0..<180)
        let hello = WireBeacon.hello(
            node: WireBeacon.randomNode(), port: 5051, version: 9, added: Array(digests[first..<first + 20]))
        switch Int.random(in: 0..<8) {
        case 0: return (0..<Int.random(in: 0...1300)).map { _ in .random(in: 0...255) }
        case 1: return Array(hello.prefix(Int.random(in: 0...hello.count)))
        case 2: return hello + [UInt8](repeating: 0, count: Int.random(in: 1201...20_000))
        case 3: return recording.any() ?? hello
        case 4:
            var changed = recording.any() ?? hello
            if !changed.isEmpty { changed[Int.random(in: 0..<changed.count)] = .random(in: 0...255) }
            return changed
        case 5:
            return WireBeacon.hello(node: greedy.randomElement() ?? WireBeacon.randomNode(), port: 5051, version: 1)
        case 6:
            let wanted = (0..<30).map { _ in (0..<32).map { _ in UInt8.random(in: 0...255) } }
            return WireBeacon.want(node: greedy.randomElement() ?? WireBeacon.randomNode(), digests: wanted)
        default: return hello
        }
    }
}

/// Listens on UDP 5051 as any machine of the LAN can.
private final class Recording: Sendable {
    private let descriptor: CInt

    init() throws {
        descriptor = socket(AF_INET, CInt(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw HarnessError("cannot open a socket") }
        var address = [UInt8](repeating: 0, count: 16)
        withUnsafeBytes(of: sa_family_t(AF_INET)) { address.replaceSubrange(0..<2, with: $0) }
        address.replaceSubrange(2..<4, with: [0x13, 0xbb])
        let isBound = address.withUnsafeBytes { address in
            address.withMemoryRebound(to: sockaddr.self) {
                bind(descriptor, $0.baseAddress, socklen_t(address.count)) == 0
            }
        }
        guard isBound else { throw HarnessError("cannot listen on UDP 5051: \(String(cString: strerror(errno)))") }
    }

    deinit {
        close(descriptor)
    }

    /// The next that was heard, the attack's own included; nil where there is none.
    func any() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 2048)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        return count >= 0 ? Array(bytes.prefix(count)) : nil
    }
}
