import OCI
import Testing

@testable import Agent

@Suite struct ExplainTextTests {
    private func snapshot() throws -> ExplainSnapshot {
        let located =
            try LocateSnapshot.sample().blobs + [.init(digest: try .sample(0x33), size: 77, here: false, peers: [])]
        return ExplainSnapshot(
            query: "docker.io/library/nginx:latest", pulls: [try JournalSamples.entry()],
            now: located.map { .init($0, fromUpstream: .wouldBeAsked) })
    }

    @Test("a story fits 80 columns, names who gave what, and says what a pull would find")
    func golden() throws {
        let text = ExplainText(try snapshot()).render(.plain)
        #expect(
            text == """
                Pulled 2026-01-31 12:00:00Z through the mirror: complete
                  docker.io/library/nginx:latest
                  sha256:0101010101010101010101010101010101010101010101010101010101010101
                  35.0 MB in 1.5 s, 23.3 MB/s
                  20.0 MB from peers, 10.0 MB from upstream, 5.0 MB from this node
                  BLOB                    SIZE    TIME       RATE  VERIFIED    OUTCOME
                  sha256:010101010101   1.2 kB  0.01 s   123 kB/s  whole hash  complete
                    node-b            1.2 kB at 123 kB/s, 1 piece
                  sha256:020202020202  30.0 MB   1.5 s  20.0 MB/s  whole hash  complete
                    node-b            20.0 MB at 25.0 MB/s, 5 pieces
                    upstream          10.0 MB at 10.0 MB/s, 3 pieces; reset
                    node-c\\u{1b}[31m  had it, gave nothing; refused 2 times, timed out
                    070707070707070…  had it, was not asked
                  sha256:030303030303   5.0 MB  0.50 s  10.0 MB/s  whole hash  complete
                    this node         5.0 MB at 10.0 MB/s, 2 pieces

                What a pull would find now
                  BLOB                   SIZE  HERE  PEERS                  UPSTREAM
                  sha256:111111111111  1.0 kB  yes   node-b, node-c (part)  not needed
                  sha256:222222222222       ?  no    node-b                 if peers fail
                  sha256:333333333333    77 B  no    -                      would be asked

                """)
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }

    @Test("names as long as they may be do not make a line longer than 80 columns")
    func wide() throws {
        var snapshot = try snapshot()
        for index in snapshot.pulls[0].blobs[1].sources.indices {
            snapshot.pulls[0].blobs[1].sources[index].name = String(repeating: "n", count: 63)
            snapshot.pulls[0].blobs[1].sources[index].failures = ["refused", "timed_out", "damaged", "stalled"].map {
                .init(reason: $0, count: 1000)
            }
        }
        snapshot.pulls[0].image = "registry.test/" + String(repeating: "a", count: 200)
        snapshot.pulls[0].blobs[1].failure = String(repeating: "word ", count: 50)
        snapshot.now[0].peers = (0..<9).map {
            .init(id: "\($0)", name: String(repeating: "p", count: 63), complete: true)
        }
        let text = ExplainText(snapshot).render(.plain)
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }

    @Test("colour is there where it may be, and text says the same without")
    func colour() throws {
        let text = ExplainText(try snapshot()).render(TextStyle(hasColor: true))
        #expect(text.contains("\u{1b}[32mcomplete\u{1b}[0m"))
        #expect(!ExplainText(try snapshot()).render(.plain).contains("\u{1b}"))
    }

    @Test("of what nobody knows a sentence says so; a pull of nothing new is told as such")
    func nothing() throws {
        let nothing = ExplainSnapshot(query: "docker.io/library/none:latest", pulls: [], now: [])
        #expect(!nothing.isKnown)
        let text = ExplainText(nothing).render(.plain)
        #expect(text.hasPrefix("Nothing is known of docker.io/library/none:latest: "))
        var entry = try JournalSamples.entry()
        entry.blobs = []
        let empty = ExplainText(ExplainSnapshot(query: entry.image, pulls: [entry], now: [])).render(.plain)
        #expect(empty.hasSuffix("  Nothing had to be fetched.\n"))
    }
}
