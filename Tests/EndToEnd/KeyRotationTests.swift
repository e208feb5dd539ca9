import FoundationEssentials
import Testing

extension EndToEnd {
    /// One key gives way to another, node by node: several are accepted, the first is used.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry"), .program("containerd")))
    struct KeyRotationTests {
        @Test("at each step of a rotation the nodes before and after it share, and who skipped one is a stranger")
        func rotation() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let registry = try await lan.registry()
                let keys = try await lan.rotation(["old"], ["old", "new"], ["new", "old"], ["new"])
                var nodes: [Node] = []
                for key in keys {
                    var configuration = AgentConfiguration()
                    configuration.keyFile = key
                    configuration.tables = "[discovery]\nmdns = false\n"
                    nodes.append(try await lan.node(configuration))
                }
                for (earlier, later) in zip(nodes, nodes.dropFirst()) {
                    try await lan.seeEachOther([earlier, later])
                }
                let ends = [try #require(nodes.first), try #require(nodes.last)]
                for (one, other) in [(ends[0], ends[1]), (ends[1], ends[0])] {
                    #expect(try await !one.status().peers.contains { $0.name == other.name })
                }
                // The image goes from the one end to the other, a step at a time.
                try await nodes[0].copyThroughMirror(image)
                try await registry.switchOff()
                for (holder, taker) in zip(nodes, nodes.dropFirst()) {
                    try await taker.hears(of: holder, holding: image.blobs.count + 1)
                    try await Containerd(on: taker).pull(image.pinned())
                    #expect(try await taker.status().bytes.upstream == 0)
                }
            }
        }
    }
}

extension LAN {
    /// A key file for each list of names; the same name is the same key everywhere.
    fileprivate func rotation(_ steps: [String]...) async throws -> [String] {
        var keys: [String: String] = [:]
        for name in Set(steps.joined()) {
            let file = "\(folder.path)/\(name).key"
            try await Command([Environment.binary, "keygen", file]).run()
            keys[name] = try String(decoding: Data(contentsOf: URL(filePath: file)), as: UTF8.self)
        }
        return try steps.map { names in
            let file = "\(folder.path)/\(names.joined(separator: "-then-")).keys"
            try Data(names.compactMap { keys[$0] }.joined(separator: "\n").utf8).write(to: URL(filePath: file))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
            return file
        }
    }
}
