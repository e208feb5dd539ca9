import SystemPackage
import Testing

@testable import Discovery

@Suite struct NodeIdentityTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test("a node keeps its id, and every start is a new epoch")
    func epochs() throws {
        let starts = try (0..<3).map { _ in try NodeIdentity.load(dataDirectory: folder.path, name: "a") }
        #expect(Set(starts.map(\.id)).count == 1)
        #expect(starts.map(\.epoch) == [1, 2, 3])
        #expect(starts.allSatisfy { $0.warning == nil })
    }

    @Test(
        "a damaged file is kept aside, the node starts under a new id, and says so",
        arguments: [
            "", "{", "null", "{\"schema\":1,\"id\":\"xyz\",\"epoch\":4}",
            "{\"schema\":1,\"id\":\"\(Samples.node(1))\",\"epoch\":0}",
            "{\"schema\":1,\"id\":\"\(Samples.node(1))\",\"epoch\":-4}",
            "{\"schema\":1,\"id\":\"\(Samples.node(1))\",\"epoch\":18446744073709551615}",
            String(repeating: "x", count: 10_000),
        ])
    func damaged(text: String) throws {
        _ = try folder.write(text, to: "node.json")
        let identity = try NodeIdentity.load(dataDirectory: folder.path, name: "a")
        #expect(identity.epoch == 1)
        #expect(identity.id != Samples.node(1))
        #expect(identity.warning?.contains("node.json is damaged") == true)
        #expect(try folder.read("node.json.damaged") == text)
        let next = try NodeIdentity.load(dataDirectory: folder.path, name: "a")
        #expect(next.id == identity.id && next.epoch == 2 && next.warning == nil)
    }

    @Test("a folder that is not there is an error that says what to do")
    func noFolder() throws {
        let error = #expect(throws: DiscoveryError.self) {
            try NodeIdentity.load(dataDirectory: folder.path.appending("missing"), name: "a")
        }
        #expect(error?.code == .identityUnusable)
        #expect(error?.message.contains("let the agent's user write") == true)
    }

    @Test(
        "a node id is its 32 digits and nothing else",
        arguments: ["", "00", String(repeating: "g", count: 32), String(repeating: "0", count: 33)])
    func badID(text: String) {
        #expect(NodeID(hex: text) == nil)
    }

    @Test("a node id reads back from its digits and its bytes")
    func idRoundTrip() {
        let id = NodeID.random()
        #expect(NodeID(hex: id.hex) == id)
        #expect(NodeID(bytes: id.bytes) == id)
    }
}
