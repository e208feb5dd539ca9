import Testing

/// What went over a machine's interface, headers included.
struct LinkBytes: Sendable {
    var received: Int
    var sent: Int

    static func - (left: LinkBytes, right: LinkBytes) -> LinkBytes {
        LinkBytes(received: left.received - right.received, sent: left.sent - right.sent)
    }
}

extension Machine {
    func linkBytes() async throws -> LinkBytes {
        struct Link: Decodable {
            struct Counters: Decodable {
                struct Direction: Decodable { let bytes: Int }
                let rx: Direction
                let tx: Direction
            }
            let stats64: Counters
        }
        let links = try JSON.decode(
            [Link].self, try await Command(["ip", "-n", name, "-s", "-j", "link", "show", "eth0"]).run())
        let counters = try #require(links.first).stats64
        return LinkBytes(received: counters.rx.bytes, sent: counters.tx.bytes)
    }
}
