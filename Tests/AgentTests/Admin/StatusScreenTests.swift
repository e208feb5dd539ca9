import OCI
import Testing

@testable import Agent

@Suite struct StatusScreenTests {
    /// What a terminal of that size shows after a picture was drawn.
    private func drawn(_ screen: StatusScreen, _ columns: Int, _ rows: Int) -> [String] {
        let picture = screen.draw(columns: columns, rows: rows)
        #expect(picture.hasPrefix("\u{1b}[H") && picture.hasSuffix("\u{1b}[J"))
        return picture.dropFirst(3).dropLast(3).replacing("\u{1b}[K", with: "").replacing(#/\u{1b}\[[0-9]*m/#, with: "")
            .split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
    }

    private func crowd() throws -> StatusSnapshot {
        var status = try StatusSnapshot.sample()
        status.peers = (100..<400).map { number in
            PeerStatus(
                id: "\(number)", name: "node-\(number)", addresses: ["192.168.1.12:5051"], state: "alive",
                sources: ["mdns"], blobs: 1000 - number, receivedBytes: Int64(number))
        }
        status.transfers = Array(repeating: status.transfers[0], count: 30)
        status.warnings = Array(repeating: String(repeating: "word ", count: 40), count: 5)
        return status
    }

    @Test(
        "a picture fills its terminal and no line of it wraps, however much there is to show",
        arguments: [(80, 24), (200, 50), (132, 43), (40, 10), (20, 3), (1, 1)])
    func fits(columns: Int, rows count: Int) throws {
        for status in [try .sample(), try crowd()] {
            for hasColor in [false, true] {
                let rows = drawn(StatusScreen(status, hasColor: hasColor), columns, count)
                #expect(rows.count == count)
                #expect(rows.allSatisfy { $0.count < max(2, columns) })
            }
        }
    }

    @Test("each section has its share of a small terminal, and says how much is not shown")
    func shares() throws {
        let rows = drawn(StatusScreen(try crowd(), hasColor: false), 80, 32)
        #expect(rows.contains { $0.hasPrefix("Transfers (30), ") && $0.hasSuffix(" shown") })
        #expect(rows.contains { $0.hasPrefix("Peers (300): 300 alive; found by mdns 300, ") })
        #expect(rows.contains { $0.hasPrefix("  node-100 ") })
        #expect(rows.last?.hasPrefix("q quits") == true)
    }

    @Test("s changes the order of peers: by name, by what they gave, by what they hold")
    func sorts() throws {
        var screen = StatusScreen(try crowd(), hasColor: false)
        func first() -> String? {
            drawn(screen, 80, 60).first { $0.hasPrefix("  node-") }?.split(separator: " ").first.map(String.init)
        }
        #expect(first() == "node-100")
        #expect(screen.press(UInt8(ascii: "s")) == .stay)
        #expect(first() == "node-399")
        #expect(screen.press(UInt8(ascii: "S")) == .stay)
        #expect(first() == "node-100")
        #expect(drawn(screen, 80, 60).last?.contains("by size") == true)
    }

    @Test("p pauses and goes on, q quits, other keys do nothing")
    func keys() throws {
        var screen = StatusScreen(try .sample(), hasColor: false)
        #expect(screen.press(UInt8(ascii: "p")) == .stay)
        #expect(screen.isPaused)
        #expect(drawn(screen, 80, 24).last?.hasPrefix("paused: ") == true)
        #expect(screen.press(UInt8(ascii: "p")) == .stay)
        #expect(!screen.isPaused)
        let before = screen.draw(columns: 80, rows: 24)
        for key in [UInt8(0), 0x1b, 0x41, 0xff] { #expect(screen.press(key) == .stay) }
        #expect(screen.draw(columns: 80, rows: 24) == before)
        #expect(screen.press(UInt8(ascii: "q")) == .quit)
    }

    @Test("an agent that does not answer is told of, and what was shown stays")
    func trouble() throws {
        var screen = StatusScreen(try .sample(), hasColor: false)
        screen.miss("shoal: nobody\u{1b}[2J there")
        let shown = drawn(screen, 80, 24)
        #expect(shown.first?.hasPrefix("node-a, Shoal") == true)
        #expect(shown.last?.hasPrefix("shoal: nobody") == true)
        #expect(!screen.draw(columns: 80, rows: 24).contains("\u{1b}[2J"))
        screen.show(try .sample())
        #expect(drawn(screen, 80, 24).last?.hasPrefix("q quits") == true)
    }

    @Test("downloads are sorted by digest, by rate and by size; of equal ones the digest decides")
    func transfers() throws {
        func transfer(_ byte: UInt8, size: Int64?, rate: Int64) throws -> TransferRecord {
            TransferRecord(
                digest: try .sample(byte), size: size, present: 0, readers: 0, fromPeers: 0, fromUpstream: 0,
                rate: rate,
                seconds: 0)
        }
        let all = [
            try transfer(3, size: nil, rate: 5), try transfer(1, size: 10, rate: 5), try transfer(2, size: 20, rate: 9),
        ]
        func order(_ order: StatusOrder) -> [String] { order.sorted(all).map { String($0.digest.short.prefix(2)) } }
        #expect(order(.name) == ["01", "02", "03"])
        #expect(order(.traffic) == ["02", "01", "03"])
        #expect(order(.size) == ["02", "01", "03"])
    }
}
