import FoundationEssentials
import Testing

extension EndToEnd {
    /// Limits that an operator has written down, as the agent keeps them.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry")))
    struct ConfiguredLimitTests {
        private static func limits(_ lines: String) -> AgentConfiguration {
            var configuration = AgentConfiguration()
            configuration.tables = "[limits]\n\(lines)\n"
            return configuration
        }

        @Test("limits.open_files is how many files the agent's process may have open")
        func openFiles() async throws {
            try await LAN.with { lan in
                let node = try await lan.node(Self.limits("open_files = 300"))
                let limits = try String(
                    decoding: Data(contentsOf: URL(filePath: "/proc/\(node.agent.pid)/limits")), as: UTF8.self)
                let line = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max open files") })
                // Soft, hard, unit.
                let soft = String(try #require(line.split(separator: " ").suffix(3).first))
                #expect(soft == "300")
            }
        }

        @Test("past limits.uploads a peer is told to ask elsewhere, until one has gone")
        func uploads() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.random)
                let blob = try image.largestBlob
                _ = try await lan.registry()
                let node = try await lan.node(Self.limits("uploads = 1"))
                let askers = [try await lan.idleNode(), try await lan.idleNode()]
                try await node.read(image)
                let url = "http://\(node.machine.address):5051/v1/blobs/\(blob.digest)"
                try await eventually("the blob is offered") {
                    try await askers[1].get(url, ["--range", "0-9"]).status == 206
                }
                let slow = try lan.start(
                    ["curl", "--silent", "--limit-rate", "100K", "--output", "/dev/null", url],
                    on: askers[0].machine, log: askers[0].folder + "/slow.log")
                try await eventually("the slow one is served") { try await node.metrics()("shoal_uploads") == 1 }
                #expect(try await askers[1].get(url, ["--range", "0-9"]).status == 503)
                try await slow.destroy()
                try await eventually("there is room again", within: .seconds(30)) {
                    try await askers[1].get(url, ["--range", "0-9"]).status == 206
                }
            }
        }

        @Test("past limits.downloads a runtime is told to ask elsewhere, and the blob that was on its way arrives")
        func downloads() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.random)
                let blobs = image.blobs.sorted { $0.size > $1.size }
                _ = try await lan.registry()
                try await FaultProxy.with { proxy in
                    var configuration = Self.limits("downloads = 1")
                    configuration.upstreams = ["registry.test": "http://proxy.test"]
                    let node = try await lan.node(configuration)
                    proxy.set(.hold(after: blobs[0].size / 2))
                    let path = "http://127.0.0.1:5050/v2/\(image.repository)/blobs"
                    let reader = try lan.start(
                        [
                            "curl", "--silent", "--fail", "--output", "/dev/null",
                            "\(path)/\(blobs[0].digest)?ns=registry.test",
                        ], on: node.machine, log: node.folder + "/reader.log")
                    try await eventually("the first is on its way") {
                        try await node.metrics()("shoal_transfers") == 1
                    }
                    let other = "\(image.repository)/blobs/\(blobs[1].digest)"
                    let refused = try await node.mirror(other, ["--range", "0-9"])
                    #expect(refused.status == 503)
                    #expect(refused.headers["retry-after"] != nil)
                    proxy.set(.none)
                    #expect(try await reader.wait(within: .seconds(60)) == .code(0))
                    try await eventually("there is room again") {
                        try await node.mirror(other, ["--range", "0-9"]).status == 206
                    }
                }
            }
        }

        @Test("past limits.log_lines the log leaves lines out")
        func logLines() async throws {
            try await LAN.with { lan in
                let few = try await lan.node(Self.limits("log_lines = 10"))
                let all = try await lan.node()
                for number in 1...30 {
                    try few.reload(Self.limits("log_lines = 10"))
                    try all.reload(AgentConfiguration())
                    // Where nothing is left out each is told, so that no two of them become one.
                    try await eventually("the configuration is read again") {
                        try all.log().split(separator: "\n").count { $0.contains("reloaded") } >= number
                    }
                }
                let (left, told) = (
                    try few.log().split(separator: "\n").count, try all.log().split(separator: "\n").count
                )
                print("  measured: \(left) lines of \(told)")
                // Ten a minute, and a line that says how many were left out.
                #expect(left < told / 2 + 10)
                #expect(told >= 30)
            }
        }
    }
}
