/// What befalls the programs beside an agent, and its clock.
enum RuntimeKinds {
    typealias Kind = FaultKind<RuntimeWorld>

    private static let year = 365 * 86_400

    static let all: [Kind] = [
        kind("the holder's containerd is gone") {
            try await $0.holder.containerd.kill()
        } heal: {
            try await $0.holder.containerd.start()
        },
        kind("the node's containerd is gone") {
            try await $0.taker.containerd.kill()
        } heal: {
            try await $0.taker.containerd.start()
        },
        kind("the node's avahi is gone") {
            try await $0.taker.avahi.killDaemon()
        } heal: {
            try $0.taker.avahi.startDaemon()
        },
        kind("every avahi is gone") {
            for machinery in [$0.taker, $0.holder] { try await machinery.avahi.killDaemon() }
        } heal: {
            for machinery in [$0.taker, $0.holder] { try machinery.avahi.startDaemon() }
        },
        kind("the node's clock jumps ten years ahead") {
            try $0.taker.clock.jump(seconds: 10 * year)
        } heal: {
            try $0.taker.clock.jump(seconds: 0)
        },
        kind("the node's clock jumps ten years back") {
            try $0.taker.clock.jump(seconds: -10 * year)
        } heal: {
            try $0.taker.clock.jump(seconds: 0)
        },
        kind("the holder's clock jumps ten years back") {
            try $0.holder.clock.jump(seconds: -10 * year)
        } heal: {
            try $0.holder.clock.jump(seconds: 0)
        },
        kind("the node's clock jumps to and fro") { world in
            for seconds in [3600, -3600, year, -year] {
                try world.taker.clock.jump(seconds: seconds)
                try await Task.sleep(for: .milliseconds(20))
            }
        } heal: {
            try $0.taker.clock.jump(seconds: 0)
        },
        Kind(name: "containerd is killed in its own pull", expectation: .completes, cost: 12) { world, dice in
            try await world.pullForReal(&dice) {
                try await $0.taker.containerd.kill()
            } heal: {
                try await $0.taker.containerd.start()
            }
        },
        Kind(name: "the agent is killed in containerd's pull", expectation: .completes, cost: 12) { world, dice in
            try await world.pullForReal(&dice) {
                try await $0.taker.node.killAgent()
            } heal: {
                try await $0.taker.node.startAgent()
            }
        },
    ]

    private static func kind(
        _ name: String, _ strike: @escaping @Sendable (RuntimeWorld) async throws -> Void,
        heal: @escaping @Sendable (RuntimeWorld) async throws -> Void
    ) -> Kind {
        Kind(name: name, expectation: .completes, cost: 12) { world, dice in
            try await world.pull(&dice, strike: strike, heal: heal)
        }
    }
}
