/// What is simulated: who wants the blob, over which links, and what goes wrong.
struct Scenario {
    var name: String
    var nodes: Int
    var pieces: Int
    /// Each node's link, in bytes a second and direction; the site's link to upstream.
    var lan: Double
    var uplink: Double
    /// Nodes that hold the blob from the beginning, and what their links send.
    var holders = 0
    var holderLink: Double?
    /// Starts are spread over so many seconds.
    var spread = 0.0
    /// Nodes that are killed at random moments of the first half, one that upstream serves among them.
    var killed = 0
    /// Nodes that stop doing anything with their connections open (SIGSTOP), a quarter of the bound after the beginning.
    var paused = 0
    /// Nodes that cannot ask upstream, as a share of all.
    var withoutUpstream = 0.0
    /// Nodes whose way to upstream is a hundredth of the uplink.
    var slow = 0
    var seed: UInt64 = 1
    /// What is aimed at: the most copies that leave upstream, and when the last node is to be done, in bounds.
    var copiesAim = 1.1
    var lastAim = 1.5

    static let pieceBytes = Double(4 << 20)

    var copy: Double { Double(pieces) * Self.pieceBytes }

    /// No scheme is faster: the last byte cannot leave upstream, or its holder, sooner; and every node takes it in.
    var bound: Double {
        let source = holders > 0 ? Double(holders) * (holderLink ?? lan) : uplink
        return max(copy / source, spread + copy / lan)
    }

    private static let gigabit = 125e6

    static let all: [Scenario] = {
        let eight = Scenario(
            name: "8 nodes, 512 MiB", nodes: 8, pieces: 128, lan: gigabit, uplink: 0.2 * gigabit)
        let hundred = Scenario(
            name: "100 nodes, 1 GiB", nodes: 100, pieces: 256, lan: gigabit, uplink: gigabit, copiesAim: 1.05,
            lastAim: 1.3)
        let thousand = Scenario(
            name: "1,000 nodes, 1 GiB", nodes: 1000, pieces: 256, lan: 10 * gigabit, uplink: gigabit, copiesAim: 1.05,
            lastAim: 1.15)
        return [
            eight,
            eight.but("8, starts over 5 s") { $0.spread = 5 },
            eight.but("8, 2 killed, 1 paused") { ($0.killed, $0.paused, $0.copiesAim) = (2, 1, 1.5) },
            eight.but("8, 3 without upstream") { $0.withoutUpstream = 0.375 },
            eight.but("8, 2 slow to upstream") { $0.slow = 2 },
            eight.but("1 holds, 7 pull") { ($0.holders, $0.holderLink, $0.lastAim) = (1, 0.2 * gigabit, 1.6) },
            hundred,
            hundred.but("100, starts over 5 s") { $0.spread = 5 },
            hundred.but("100, 10 killed, 2 paused") {
                ($0.killed, $0.paused, $0.copiesAim, $0.lastAim) = (10, 2, 1.5, 1.5)
            },
            hundred.but("100, 97 without upstream") {
                ($0.withoutUpstream, $0.copiesAim, $0.lastAim) = (0.97, 1.5, 5)
            },
            hundred.but("1 holds, 99 pull") { ($0.holders, $0.lastAim) = (1, 1.5) },
            thousand,
            thousand.but("1,000, starts over 5 s") { $0.spread = 5 },
            thousand.but("1,000, 50 killed, 5 paused") {
                ($0.killed, $0.paused, $0.copiesAim, $0.lastAim) = (50, 5, 1.5, 1.3)
            },
        ]
    }()

    private func but(_ name: String, _ change: (inout Scenario) -> Void) -> Scenario {
        var scenario = self
        scenario.name = name
        change(&scenario)
        return scenario
    }
}
