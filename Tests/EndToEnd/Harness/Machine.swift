import Testing

/// A machine on the LAN: a network namespace with one interface, `eth0`, and a host name of its own.
struct Machine: Sendable {
    let name: String
    let address: String

    /// The command as run on this machine. It replaces the shells in front of it, so that the child's pid is the program's.
    /// Not by `ip netns exec`: that hides the control groups, which runc needs.
    func command(_ arguments: [String]) -> [String] {
        ["nsenter", "--net=/run/netns/\(name)", "unshare", "--uts", "sh", "-c", #"hostname "$0" && exec "$@""#, name]
            + arguments
    }

    @discardableResult
    func run(_ arguments: String..., within limit: Duration = .seconds(120)) async throws -> String {
        try await Command(command(arguments), within: limit).run()
    }

    /// Plugs its cable in or out: frames to and from it are lost, nobody is told.
    func plug(_ isIn: Bool) async throws {
        try await Command(["ip", "link", "set", name, isIn ? "up" : "down"]).run()
    }

    /// Bounds what leaves this machine.
    func limitUplink(megabitsPerSecond rate: Int) async throws {
        try await Command([
            "tc", "-n", name, "qdisc", "replace", "dev", "eth0", "root",
            "tbf", "rate", "\(rate)mbit", "burst", "256kb", "latency", "100ms",
        ]).run()
    }

    /// Bounds its link as a network card and a switch do: so much each way at the same time.
    func limitLink(megabitsPerSecond rate: Int) async throws {
        try await limitUplink(megabitsPerSecond: rate)
        try await Command([
            "tc", "qdisc", "replace", "dev", name, "root",
            "tbf", "rate", "\(rate)mbit", "burst", "256kb", "latency", "100ms",
        ]).run()
    }

    func unlimitUplink() async throws {
        try await Command(["tc", "-n", name, "qdisc", "del", "dev", "eth0", "root"]).run()
    }

    /// Bytes that left its interface, headers included.
    func bytesSent() async throws -> Int {
        struct Link: Decodable {
            struct Counters: Decodable {
                struct Direction: Decodable { let bytes: Int }
                let tx: Direction
            }
            let stats64: Counters
        }
        let links = try JSON.decode(
            [Link].self, try await Command(["ip", "-n", name, "-s", "-j", "link", "show", "eth0"]).run())
        return try #require(links.first).stats64.tx.bytes
    }
}
