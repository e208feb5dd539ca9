import FoundationEssentials
import Testing

extension EndToEnd {
    /// The page that the agent shows, and the stream that keeps it live.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry"), .program("tc")))
    struct DashboardTests {
        private static let page = "http://127.0.0.1:5052/"
        /// As if the agent told of a node by such a name. No agent calls itself so, or lets others do so; the page must not rely on that.
        private static let stranger = """
            const add = EventSource.prototype.addEventListener;
            EventSource.prototype.addEventListener = function (type, handle) {
              const name = "<img src=x onerror=document.title='owned'>";
              add.call(this, type, message =>
                handle({ data: window.isKind ? message.data : message.data.replaceAll("node3", name) }));
            };
            """

        @Test("a node hands the page out to itself, once, and to nobody by another name")
        func served() async throws {
            try await LAN.with { lan in
                let node = try await lan.node()
                let answer = try await node.get(Self.page)
                #expect(answer.status == 200)
                #expect(answer.headers["content-type"] == "text/html; charset=utf-8")
                let policy = try #require(answer.headers["content-security-policy"])
                #expect(policy.hasPrefix("default-src 'none'; script-src 'sha256-"))
                #expect(answer.text.hasSuffix("</html>\n"))
                let tag = try #require(answer.headers["etag"])
                let again = try await node.get(Self.page, ["--header", "If-None-Match: \(tag)"])
                #expect(again.status == 304)
                #expect(again.body.isEmpty)
                #expect(try await node.get(Self.page, ["--compressed"]).body == answer.body)
                #expect(try await node.get(Self.page, ["--head"]).status == 200)
                #expect(try await node.get(Self.page, ["--header", "Host: evil.example"]).status == 403)
            }
        }

        @Test("what pages of other sites make a browser ask for is not answered, and nothing is asked upstream for it")
        func otherSites() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let registry = try await lan.registry()
                let node = try await lan.node()
                let locate = "api/v1/locate?q=registry.test/debian/small:1"
                for header in ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site", "Origin: http://a.example"] {
                    for path in [locate, "api/v1/status", "api/v1/live", "metrics"] {
                        let answer = try await node.get(Self.page + path, ["--header", header])
                        #expect(answer.status == 403, "\(header) \(path)")
                        #expect(answer.headers["access-control-allow-origin"] == nil)
                    }
                    // Who follows a link to the page may.
                    #expect(try await node.get(Self.page, ["--header", header]).status == 200)
                }
                #expect(try registry.requests(for: image.repository).isEmpty)
                let own = try await node.get(Self.page + locate, ["--header", "Sec-Fetch-Site: same-origin"])
                #expect(own.status == 200 && own.headers["access-control-allow-origin"] == nil)
                try await eventually("what is asked upstream is seen") {
                    try !registry.requests(for: image.repository).isEmpty
                }
            }
        }

        @Test("the stream tells each second how far a swarm is, and ends when the agent is told to stop")
        func stream() async throws {
            try await Rollout.with(3, uplinkMegabitsPerSecond: 30) { rollout in
                let node = rollout.nodes[0]
                let blob = try rollout.image.largestBlob
                let log = node.folder + "/live.log"
                let stream = try rollout.lan.start(
                    ["curl", "--silent", "--show-error", "--no-buffer", Self.page + "api/v1/live"],
                    on: node.machine, log: log)
                let readers = try rollout.nodes.map { try $0.startReading(rollout.image) }
                try await eventually("the stream tells three times that a blob has grown", within: .seconds(30)) {
                    let told = try LiveReport.read(log).compactMap { status in
                        status.transfers.first { $0.digest == blob.digest }
                    }
                    return Set(told.map(\.present)).count > 3 && Set(told.compactMap(\.pieces)).count > 1
                }
                let last = try #require(try LiveReport.read(log).last)
                #expect(Set(last.peers.map(\.name)) == ["node2", "node3"])
                let transfer = try #require(last.transfers.first { $0.digest == blob.digest })
                #expect(transfer.pieceCount == (blob.size + (4 << 20) - 1) / (4 << 20))
                for reader in readers { try await reader.cutOff() }
                try node.agent.send(15)
                #expect(try await stream.wait(within: .seconds(10)) == .code(0))
            }
        }

        @Test(
            "a browser shows the peers, the plot and the pieces of a running swarm, and takes nobody's name for markup",
            .needs(.patience, .program("chromium")))
        func browser() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.demo)
                let registry = try await lan.registry()
                let nodes = try await lan.nodes(3, AgentConfiguration(tables: "[discovery]\nmdns = false\n"))
                for node in nodes { try await node.machine.limitLink(megabitsPerSecond: Rollout.lanMegabitsPerSecond) }
                try await registry.machine.limitUplink(megabitsPerSecond: 40)

                let browser = try Browser(on: nodes[0])
                try await browser.visit(Self.page, script: Self.stranger)
                try await browser.resize(1280, 1000, scheme: "light")
                try await eventually("the page is live and shows both peers", within: .seconds(60)) {
                    try await browser.count("document.querySelectorAll('#peers .state.good').length") == 2
                }
                #expect(try await browser.text("document.getElementById('link').textContent") == "Live")
                let peers = try await browser.text("document.getElementById('peers').textContent")
                #expect(peers.contains("node2"))
                #expect(peers.contains("<img src=x onerror=document.title='owned'>"))
                #expect(try await browser.count("document.images.length") == 0)
                #expect(try await browser.text("document.title") == "node1, Shoal")

                let readers = try nodes.map { try $0.startReading(image) }
                let pieces = "document.querySelectorAll('#swarms .cells .here').length"
                try await eventually("pieces are shown", within: .seconds(30)) { try await browser.count(pieces) > 2 }
                let before = try await browser.count(pieces)
                try await eventually("more pieces are shown", within: .seconds(30)) {
                    try await browser.count(pieces) > before
                }
                let words = try await browser.text("document.querySelector('#swarms .cells').ariaLabel")
                #expect(words.contains(/^Piece map: \d+ of \d+.pieces here$/), "\(words)")
                let band = "document.querySelector('#plot .band.upstream')?.getAttribute('points') ?? ''"
                try await eventually("the plot is drawn", within: .seconds(40)) {
                    try await browser.text(band).contains(",")
                }
                let drawn = try await browser.text(band)
                _ = try await browser.text("String(window.isKind = true)")
                try await eventually("the third node is called by its name") {
                    try await browser.text("document.getElementById('peers').textContent").contains("node3")
                }
                try await browser.resize(1280, 1500, scheme: "light")
                try await browser.picture("dashboard.png")
                try await browser.resize(390, 1400, scheme: "dark")
                try await eventually("the page fits a phone") {
                    try await browser.count("document.documentElement.scrollWidth") == 390
                }
                try await browser.picture("dashboard-phone.png")
                try await eventually("the plot goes on", within: .seconds(40)) {
                    try await browser.text(band) != drawn
                }
                for reader in readers { try await reader.finish(within: .seconds(120)) }

                let complaints = browser.complaints
                #expect(complaints.isEmpty, "\(complaints)")
            }
        }
    }
}

/// What the tests look at of a status in the stream.
private struct LiveReport: Decodable {
    struct Transfer: Decodable {
        let digest: String
        let present: Int
        let pieces: String?
        let pieceCount: Int?

        enum CodingKeys: String, CodingKey {
            case digest, present, pieces
            case pieceCount = "piece_count"
        }
    }
    struct Peer: Decodable { let name: String }

    let peers: [Peer]
    let transfers: [Transfer]

    /// The statuses that have arrived whole in a file.
    static func read(_ file: String) throws -> [LiveReport] {
        let text = String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self)
        return try text.split(separator: "\n\n").dropLast(text.hasSuffix("\n\n") ? 0 : 1).compactMap { event in
            let lines = event.split(separator: "\n")
            guard lines.first == "event: status", let data = lines.last?.dropFirst("data: ".count) else { return nil }
            return try JSON.decode(LiveReport.self, String(data))
        }
    }
}

extension Browser {
    /// Checks that a picture of the window is one for docs/; keeps it there where `DEPLOY_SCREENSHOTS` is set.
    fileprivate func picture(_ name: String) async throws {
        let png = try await screenshot()
        #expect((10_000..<250_000).contains(png.count), "\(name) has \(png.count) bytes")
        guard Environment.all["DEPLOY_SCREENSHOTS"] == "1" else { return }
        try Data(png).write(to: URL(filePath: "\(Environment.root)/docs/\(name)"))
    }
}
