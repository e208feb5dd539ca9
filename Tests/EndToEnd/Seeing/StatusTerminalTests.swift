import Glibc
import Testing

extension EndToEnd {
    /// `shoal status` where people see it.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry"), .program("tc")))
    struct StatusTerminalTests {
        @Test("the watched status fits its terminal, follows its size, and shows a download as it comes")
        func watch() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.random)
                let registry = try await lan.registry()
                try await registry.machine.limitUplink(megabitsPerSecond: 24)
                let nodes = try await lan.nodes(2)
                let reader = try nodes[0].startReading(image)
                for (columns, rows) in [(80, 24), (200, 50)] {
                    let terminal = try Self.watch(nodes[0], columns: columns, rows: rows)
                    let blobs = image.blobs.map { $0.digest.prefix("sha256:".count + 12) }
                    try await eventually("the download is seen to come", within: .seconds(20)) {
                        let screen = terminal.screen.text
                        return blobs.contains { screen.contains($0) } && screen.contains("[#")
                            && screen.contains(" from upstream ") && screen.contains("node2")
                    }
                    Self.check(terminal.screen)
                    terminal.resize(columns: 280 - columns, rows: 74 - rows)
                    // Before the next second: the size alone is a reason to draw.
                    try await eventually("it is drawn for the new size") {
                        terminal.screen.rows.last?.hasPrefix("q quits") == true
                    }
                    Self.check(terminal.screen)
                    terminal.type("q")
                    #expect(try await terminal.wait() == .code(0))
                    Self.checkRestored(terminal)
                }
                try await reader.cutOff()
            }
        }

        @Test("p pauses, s sorts, and the terminal is as it was after q, Ctrl-C and SIGTERM")
        func keys() async throws {
            try await LAN.with { lan in
                let node = try await lan.node()
                for end in ["q", "\u{3}", "TERM"] {
                    let terminal = try Self.watch(node, columns: 80, rows: 24)
                    try await eventually("the status is drawn") { terminal.screen.text.contains("node1, Shoal") }
                    #expect(!terminal.isCooked)
                    terminal.type("s")
                    try await eventually("the order is another") { terminal.screen.text.contains("by traffic") }
                    terminal.type("p")
                    try await eventually("it pauses") { terminal.screen.text.contains("paused: ") }
                    terminal.resize(columns: 90, rows: 30)
                    try await eventually("it is drawn although it pauses") { terminal.screen.text.contains("paused: ") }
                    #expect(terminal.screen.text.contains("node1, Shoal"))
                    if end == "TERM" { terminal.send(SIGTERM) } else { terminal.type(end) }
                    let expected: Child.Exit = end == "q" ? .code(0) : .signal(end == "TERM" ? SIGTERM : SIGINT)
                    #expect(try await terminal.wait() == expected)
                    Self.checkRestored(terminal)
                }
            }
        }

        @Test("an agent that goes away is told of, and one that comes again is shown")
        func restart() async throws {
            try await LAN.with { lan in
                let node = try await lan.node()
                let terminal = try Self.watch(node, columns: 100, rows: 30)
                try await eventually("the status is drawn") { terminal.screen.text.contains("node1, Shoal") }
                try await node.killAgent()
                try await eventually("it says so") { terminal.screen.rows.last?.hasPrefix("shoal: ") == true }
                #expect(terminal.screen.text.contains("node1, Shoal"))
                try await node.startAgent()
                try await eventually("it goes on") { terminal.screen.rows.last?.hasPrefix("q quits") == true }
                terminal.type("q")
                #expect(try await terminal.wait() == .code(0))
            }
        }

        @Test("a terminal gets colours unless NO_COLOR forbids it; a pipe gets plain lines of 80 columns")
        func plain() async throws {
            try await LAN.with { lan in
                let nodes = try await lan.nodes(2)
                let command = [Environment.binary, "status", "--socket", nodes[0].folder + "/shoal.sock"]
                let cases: [([String: String], Bool)] = [
                    ([:], true), (["NO_COLOR": "1"], false), (["TERM": "dumb"], false),
                ]
                for (environment, hasColor) in cases {
                    let terminal = try Pseudoterminal(command, environment: environment, columns: 80, rows: 50)
                    #expect(try await terminal.wait() == .code(0))
                    #expect(terminal.output.contains("\u{1b}[") == hasColor)
                    #expect(terminal.screen.text.contains("Peers (1): 1 alive; found by broadcast 1"))
                    #expect(terminal.screen.overflows == 0)
                }
                let piped = try await Command(command).run()
                #expect(!piped.contains("\u{1b}"))
                #expect(piped.split(separator: "\n").allSatisfy { $0.count <= 80 })
                #expect(piped.hasPrefix("node1, Shoal "))
                // Watched through a pipe it is told again and again, and drawn nowhere.
                let watched = try await Command(["timeout", "3"] + command + ["--watch"]).result()
                #expect(!watched.text.contains("\u{1b}"))
                #expect(watched.text.split(separator: "\n").count { $0.hasPrefix("node1, Shoal ") } >= 2)
            }
        }

        // MARK: Parts

        private static func watch(_ node: Node, columns: Int, rows: Int) throws -> Pseudoterminal {
            try Pseudoterminal(
                [Environment.binary, "status", "--watch", "--socket", node.folder + "/shoal.sock"], columns: columns,
                rows: rows)
        }

        /// Nothing wrapped, nothing scrolled, nothing that this terminal does not know.
        private static func check(_ screen: TerminalScreen) {
            #expect(screen.overflows == 0)
            #expect(screen.scrolls == 0)
            #expect(screen.unknown == [])
            #expect(screen.rows.first?.hasPrefix("node1, Shoal ") == true, "\(screen.text)")
            #expect(screen.rows.last?.hasPrefix("q quits") == true, "\(screen.text)")
            #expect(screen.text.contains("Transfers ("), "\(screen.text)")
            #expect(screen.text.contains("since start"), "\(screen.text)")
        }

        private static func checkRestored(_ terminal: Pseudoterminal) {
            #expect(terminal.isCooked)
            #expect(terminal.screen.hasCursor)
            #expect(!terminal.screen.isOther)
        }
    }
}
