import FoundationEssentials
import Integrity
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

        @Test(
            "nodes led through a rotation know each other at each step, and who has the old key is out after the last"
        )
        func procedure() async throws {
            try await LAN.with { lan in
                let image = try await Fixtures.image(.small)
                let blob = try image.largestBlob
                let registry = try await lan.registry()
                let steps = try await lan.rotation(["old"], ["old", "new"], ["new", "old"], ["new"])
                var configuration = AgentConfiguration()
                configuration.tables = "[discovery]\nmdns = false\n"
                configuration.keyFile = steps[0]
                let nodes = [try await lan.node(configuration), try await lan.node(configuration)]
                try await lan.seeEachOther(nodes)
                try await nodes[0].copyThroughMirror(image)
                let thief = try KeyHolder(file: "\(lan.folder.path)/old.key")
                try await eventually("the old key opens the blob") {
                    try await thief.asks(nodes[0], for: blob.digest, from: nodes[1]).status == 200
                }
                for step in steps.dropFirst() {
                    configuration.keyFile = step
                    for node in nodes {
                        try await node.restartAgent(configuration)
                        try await lan.seeEachOther(nodes)
                    }
                    try await nodes[1].hears(of: nodes[0], holding: image.blobs.count + 1)
                }
                let refused = try await thief.asks(nodes[0], for: blob.digest, from: nodes[1])
                #expect(refused.status == 401)
                #expect(refused.body.count < 1024)
                let owner = try KeyHolder(file: "\(lan.folder.path)/new.key")
                let given = try await owner.asks(nodes[0], for: blob.digest, from: nodes[1])
                #expect(given.status == 200)
                #expect(given.body.count == blob.size)
                try await registry.switchOff()
                try await nodes[1].pullFromPeers(image)
                #expect(try await nodes[1].status().bytes.upstream == 0)
            }
        }
    }
}

/// Somebody who has a cluster key and no agent: signs requests as docs/protocol.md tells it, written a second time.
private struct KeyHolder {
    private let key: [UInt8]

    init(file: String) throws {
        let text = try String(decoding: Data(contentsOf: URL(filePath: file)), as: UTF8.self)
        let line = try #require(text.split(whereSeparator: \.isNewline).last { !$0.hasPrefix("#") })
        let isHexadecimal = line.count >= 64 && line.allSatisfy(\.isHexDigit)
        key =
            isHexadecimal
            ? [UInt8](digest: "sha256:" + line) : [UInt8](try #require(Data(base64Encoded: String(line))))
    }

    /// Asks a node for a blob, from another's machine.
    func asks(_ node: Node, for digest: String, from asker: Node) async throws -> HTTPAnswer {
        let address = "http://\(node.machine.address):5051"
        let nonce = try #require(try await asker.get("\(address)/v1/node").headers["shoal-nonce"])
        let target = "/v1/blobs/\(digest)"
        let own = WireBeacon.randomNode()
        let parts = ["GET", target, "", nonce, "1"].map { Array($0.utf8) } + [own]
        let code = HMACSHA256.code(
            key: HMACSHA256.code(key: key, Array("shoal/1 request".utf8)), parts: parts)
        let words = "Shoal node=\(Self.hex(own)), nonce=\(nonce), count=1, mac=\(Self.hex(code))"
        return try await asker.get(address + target, ["--header", "Authorization: \(words)"])
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
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
