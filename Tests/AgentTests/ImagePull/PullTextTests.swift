import OCI
import Testing

@testable import Agent

@Suite struct PullTextTests {
    private static func layers() throws -> [PulledBlob] {
        [
            try PullSamples.blob(2, 28_000_000, .layer, .present, done: 28_000_000),
            try PullSamples.blob(
                3, 120_000_000, .layer, .downloading, done: 60_000_000, rate: 32_100_000,
                sources: [.init(kind: "peer", id: "ab", name: "node-2", bytes: 60_000_000)]),
            try PullSamples.blob(
                4, 52_100_000, .layer, .unpacking, done: 52_100_000,
                sources: [
                    .init(kind: "upstream", bytes: 40_000_000),
                    .init(kind: "peer", id: "cd", name: "evil\u{1b}[2J", bytes: 12_100_000),
                ]),
            try PullSamples.blob(5, 20_000_000),
        ]
    }

    private static func screen(_ layers: [PulledBlob]) throws -> PullScreen {
        var screen = PullScreen(.plain)
        _ = screen.take(.image(try PullSamples.image(layers)))
        _ = screen.take(
            .progress(PullProgress(done: 140_100_000, size: 220_100_500, rate: 32_100_000, seconds: 4, secondsLeft: 3)))
        return screen
    }

    @Test("on a terminal there is a bar for each layer, who gives it and how fast, and a total")
    func bars() throws {
        let lines = try Self.screen(Self.layers()).lines(columns: 110, rows: 24)
        #expect(
            lines.joined(separator: "\n") == """
                020202020202  exists                      28.0 MB
                030303030303  [########--------]   60.0 MB/120 MB  32.1 MB/s  node-2
                040404040404  unpacking                   52.1 MB             upstream 40.0 MB, evil\\u{1b}[2J 12.1 MB
                050505050505  waiting                     20.0 MB
                total         [##########------]  63%  140 MB of 220 MB  32.1 MB/s  3 s left
                """)
    }

    @Test("no line is wider than the terminal", arguments: [1, 20, 33, 40, 80, 200])
    func widths(columns: Int) throws {
        for line in try Self.screen(Self.layers()).lines(columns: columns, rows: 24) {
            #expect(line.count < max(2, columns))
        }
    }

    @Test("where the terminal is too low what moves is shown, and the rest is counted")
    func heights() throws {
        let lines = try Self.screen(Self.layers()).lines(columns: 80, rows: 5)
        #expect(lines.count == 4)
        #expect(lines[0].hasPrefix("030303030303"))
        #expect(lines[1].hasPrefix("040404040404"))
        #expect(lines[2] == "… 1 more done, 1 more waiting")
        #expect(lines[3].hasPrefix("total"))
    }

    @Test("lines are drawn over in one write, the cursor is hidden meanwhile and comes back")
    func area() {
        var area = LiveArea()
        #expect(area.draw(["a", "b"]) == "\u{1b}[?25l\ra\u{1b}[K\nb\u{1b}[K\n\u{1b}[J")
        #expect(area.draw(["c"]) == "\u{1b}[2A\rc\u{1b}[K\n\u{1b}[J")
        #expect(area.draw(above: "x\n", ["d"]) == "\u{1b}[1A\r\u{1b}[Jx\nd\u{1b}[K\n\u{1b}[J")
        #expect(area.end() == "\u{1b}[?25h")
        #expect(area.end().isEmpty)
    }

    @Test("elsewhere there are plain lines: what begins, what is there, how far it is now and then, what came of it")
    func plain() throws {
        var text = PullText(.plain)
        let layers = try Self.layers()
        var done = layers[1]
        done.state = .done
        let events: [PullEvent] = [
            .begin(PullSamples.beginning), .image(try PullSamples.image(layers)), .blob(layers[0]), .blob(layers[1]),
            .progress(PullProgress(done: 1_000_000, size: 220_000_000, rate: 0, seconds: 5, secondsLeft: nil)),
            .progress(
                PullProgress(done: 140_000_000, size: 220_000_000, rate: 32_100_000, seconds: 11, secondsLeft: 3)),
            .progress(
                PullProgress(done: 141_000_000, size: 220_000_000, rate: 32_100_000, seconds: 12, secondsLeft: 3)),
            .blob(done), .end(try PullSamples.summary()),
        ]
        #expect(
            events.map { text.render($0) }.joined() == """
                Pulling docker.io/library/nginx:latest for linux/amd64 into containerd, namespace k8s.io, unpacked by overlayfs
                \(try PullSamples.digest(1)): 4 layers, 220 MB
                020202020202  exists  28.0 MB
                63%  140 MB of 220 MB  32.1 MB/s  3 s left
                030303030303  done  120 MB  from node-2
                docker.io/library/nginx:latest: 220 MB in 7.4 s
                180 MB from peers, 30.0 MB from upstream, 0 B from this node, 10.0 MB existed

                """)
    }

    @Test(
        "a bar is as full as its thing is done",
        arguments: [(0, 10, "[----]"), (5, 10, "[##--]"), (20, 10, "[####]"), (0, 0, "[####]")])
    func bar(done: Int64, size: Int64, text: String) {
        #expect(ProgressBar.text(done, of: size, width: 4) == text)
    }
}
