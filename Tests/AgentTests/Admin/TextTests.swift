import OCI
import Testing

@testable import Agent

@Suite struct TextTests {
    @Test("a status is a screen of text")
    func status() throws {
        #expect(
            StatusText(try .sample()).render(.plain) == """
                node-a, Shoal 0.1.0, up 2 h 14 min
                node 000102030405060708090a0b0c0d0e0f

                Runtime    containerd 1.6.20, default, k8s.io: 12 images, 140 blobs
                Store      12 blobs, 1.2 GB of 20.0 GB (6%)
                Shared     1 blob, 999 B
                Requests   40 without upstream, 3 with (93% without upstream)
                Saved      123 MB that upstream did not have to send

                  BYTES        FROM STORE  FROM PEERS  FROM UPSTREAM  TO PEERS
                  today              10 B      1.2 MB        12.0 MB    3.3 GB
                  since start       100 B      123 MB        52.0 MB    1.0 TB

                Transfers (2)
                  BLOB                    HERE    SIZE  DONE    PEERS  UPSTREAM  TIME
                  sha256:abababababab  52.4 MB  104 MB   50%  40.0 MB   12.4 MB   4 s
                    [#######--.......] 18.2 MB/s from node-b 30.0 MB, upstream 12.4 MB, 1 other
                  sha256:cdcdcdcdcdcd      0 B       ?     ?      0 B       0 B   0 s
                    [................] 0 B/s

                Peers (2): 1 alive; found by broadcast 2, mdns 1
                  NAME    STATE            BLOBS     GAVE  ADDRESS               FOUND BY
                  node-b  alive             1234  98.0 MB  192.168.1.12:5051     broadcast
                  node-c  suspect, blamed      0      0 B  192.168.1.13:5051 +1  mdns, broadcast

                Warnings (1)
                  ! peers.key_file is not set: only public content is shared, and no tag of
                    another node is believed

                """)
    }

    @Test("a wide terminal has longer lines of prose and of names, and nothing else is different")
    func wide() throws {
        var status = try StatusSnapshot.sample()
        status.peers[0].name = String(repeating: "n", count: 40)
        let name = status.peers[0].name
        let wideText = StatusText(status).render(TextStyle(hasColor: false, columns: 200))
        let narrowText = StatusText(status).render(.plain)
        let wide = wideText.split(separator: "\n").map(String.init)
        let narrow = narrowText.split(separator: "\n").map(String.init)
        #expect(wide.count == narrow.count - 1)
        #expect(wide.last == "  ! " + status.warnings[0])
        #expect(wideText.contains("\n  \(name)  suspect, blamed"))
        #expect(!narrowText.contains(name))
        #expect(Array(wide.prefix(8)) == Array(narrow.prefix(8)))
        let widest = wide.map(\.count).max()
        #expect(widest ?? 0 <= 200)
    }

    @Test(
        "how the node stands with containerd is one line",
        arguments: [
            (ContainerdStatus(state: "off"), "none: runtime.containerd.address is empty"),
            (ContainerdStatus(state: "searching", reason: "no socket"), "no containerd: no socket"),
            (ContainerdStatus(state: "lost", reason: "gone\u{7}"), "containerd is away: gone"),
            (ContainerdStatus(state: "following", version: "2.0"), "containerd 2.0, no namespaces: 0 images, 0 blobs"),
            (
                ContainerdStatus(state: "following", version: "2.0", namespaces: ["a"], images: 1, reason: "no right"),
                "containerd 2.0, a: 1 image, 0 blobs; its files cannot be read"
            ),
        ])
    func runtime(containerd: ContainerdStatus, words: String) throws {
        var status = try StatusSnapshot.sample()
        status.containerd = containerd
        let line = StatusText(status).render(.plain).split(separator: "\n").first { $0.hasPrefix("Runtime ") }
        #expect(line?.hasPrefix("Runtime    " + words) == true)
    }

    @Test("a status of an agent of before the day was counted is shown without it")
    func older() throws {
        var status = try StatusSnapshot.sample()
        (status.today, status.saved, status.containerd) = (nil, nil, nil)
        let text = StatusText(status).render(.plain)
        #expect(!text.contains("today") && !text.contains("Saved") && !text.contains("Runtime"))
        #expect(text.contains("  since start "))
    }

    @Test("a node alone has a short status")
    func alone() throws {
        var status = try StatusSnapshot.sample()
        status.peers = []
        status.transfers = []
        status.warnings = []
        status.requests = RequestCounts(hits: 0, misses: 0)
        let text = StatusText(status).render(.plain)
        #expect(text.hasSuffix("\n\nPeers (0)\n"))
        #expect(text.contains("Requests   0 without upstream, 0 with\n"))
    }

    @Test("peers are a table")
    func peers() throws {
        #expect(
            PeersText(PeersSnapshot(peers: try StatusSnapshot.sample().peers)).render(.plain) == """
                NAME    STATE            BLOBS     GAVE  ADDRESS               FOUND BY
                node-b  alive             1234  98.0 MB  192.168.1.12:5051     broadcast
                node-c  suspect, blamed      0      0 B  192.168.1.13:5051 +1  mdns, broadcast

                """)
        #expect(PeersText(PeersSnapshot(peers: [])).render(.plain) == "No peers are known.\n")
    }

    @Test("the holders of an image are a table")
    func locate() throws {
        #expect(
            LocateText(try .sample()).render(.plain) == """
                docker.io/library/nginx:latest
                  BLOB                   SIZE  HERE  PEERS
                  sha256:111111111111  1.0 kB  yes   node-b, node-c (part)
                    bafkreiarceirceirceirceirceirceirceirceirceirceirceirceirce
                  sha256:222222222222       ?  no    node-b
                    bafkreibceirceirceirceirceirceirceirceirceirceirceirceircei

                """)
        let nobody = LocateSnapshot(query: try LocateQuery("nginx"), blobs: [])
        #expect(
            LocateText(nobody).render(.plain)
                == "Nobody on this LAN is known to have docker.io/library/nginx:latest.\n")
    }

    @Test("no name of a stranger makes a line longer than 80 columns, or drives the terminal")
    func hostile() throws {
        var status = try StatusSnapshot.sample()
        let long = String(repeating: "x", count: 500)
        status.peers = [
            PeerStatus(
                id: long, name: "\u{1b}]0;\u{7}\n" + long, addresses: [long, long], state: long + "\r",
                sources: [long], blobs: Int.max)
        ]
        status.node.name = "\u{9b}2J" + long
        status.warnings = [long, "\u{1b}[2J"]
        let blob = LocateSnapshot.Blob(
            digest: try .sample(1), size: Int64.max, here: true,
            peers: Array(repeating: .init(id: "b", name: "\u{202e}" + long, complete: true), count: 100))
        let texts = [
            StatusText(status).render(.plain), PeersText(PeersSnapshot(peers: status.peers)).render(.plain),
            LocateText(LocateSnapshot(query: try LocateQuery("nginx"), blobs: [blob])).render(.plain),
        ]
        for text in texts {
            for line in text.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
            #expect(text.unicodeScalars.allSatisfy { !$0.isControl || $0 == "\n" })
        }
    }

    @Test("colours change nothing but colours")
    func color() throws {
        let status = StatusText(try .sample())
        let colored = status.render(TextStyle(hasColor: true))
        #expect(colored != status.render(.plain))
        #expect(colored.replacing(#/\u{1b}\[[0-9]+m/#, with: "") == status.render(.plain))
    }

    @Test(
        "colour is for terminals only, and for those who want it",
        arguments: [
            (true, [:], true), (false, [:], false), (true, ["NO_COLOR": "1"], false), (true, ["NO_COLOR": ""], true),
            (true, ["TERM": "dumb"], false),
        ] as [(Bool, [String: String], Bool)])
    func style(isTerminal: Bool, environment: [String: String], hasColor: Bool) {
        #expect(TextStyle(isTerminal: isTerminal, environment: environment).hasColor == hasColor)
    }

    @Test(
        "figures are short",
        arguments: [
            (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (99_999, "99.9 kB"), (100_000, "100 kB"),
            (999_999_999, "999 MB"), (1_000_000_000, "1.0 GB"), (Int64.max, "9223 PB"),
        ] as [(Int64, String)])
    func bytes(count: Int64, text: String) {
        #expect(Figures.bytes(count) == text)
    }

    @Test(
        "times are short",
        arguments: [
            (0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (8040, "2 h 14 min"), (86400, "1 d 0 h"),
        ] as [(Int64, String)])
    func durations(seconds: Int64, text: String) {
        #expect(Figures.duration(seconds: seconds) == text)
    }
}
